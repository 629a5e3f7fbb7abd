"""
Contract tests for Cloudflare RealtimeKit operations.
"""
