// A meeting's life with the vendor's TypeScript SDK on the emulator: node meetings.mjs BASE_URL
import assert from 'node:assert/strict';
import Cloudflare from 'cloudflare';

const client = new Cloudflare({ baseURL: process.argv[2], apiToken: 'fake_token_for_loopback_only_abcdefghijkl' });
const meetings = client.realtimeKit.meetings;
const app = '14a396e7-ca44-4937-bf1f-050a69118543';
const owner = { account_id: '023e105f4ecef8ad9ca31a8372d0c353' };

const made = (await meetings.create(app, { ...owner, title: 'Sprint review' })).data;
const listed = (await meetings.get(app, owner)).data;
assert.deepEqual(listed.map((meeting) => meeting.id), [made.id]);

const of = { ...owner, app_id: app };
assert.equal((await meetings.getMeetingByID(made.id, of)).data.title, 'Sprint review');
assert.equal((await meetings.updateMeetingByID(made.id, { ...of, status: 'INACTIVE' })).data.status, 'INACTIVE');
assert.equal((await meetings.replaceMeetingByID(made.id, { ...of, title: 'Retro' })).data.title, 'Retro');

const guest = { ...of, custom_participant_id: 'guest', preset_name: 'group_call_host' };
const participant = (await meetings.addParticipant(made.id, guest)).data;
assert.ok(participant.token);
const its = { ...of, meeting_id: made.id };
await meetings.deleteMeetingParticipant(participant.id, its);
await assert.rejects(meetings.getMeetingParticipant(participant.id, its), Cloudflare.NotFoundError);
console.log('list, create, get, patch, put, add participant, delete: as documented');
