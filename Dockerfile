# rtkcontract in a container: docker build -t rtkcontract . && docker run --rm rtkcontract check --target emulator --plan smoke
FROM python:3.13-slim@sha256:6771159cd4fa5d9bba1258caf0b82e6b73458c694d178ad97c5e925c2d0e1a91 AS build
COPY . /source
RUN python -m venv /opt/rtkcontract && /opt/rtkcontract/bin/pip install --no-cache-dir /source

FROM python:3.13-slim@sha256:6771159cd4fa5d9bba1258caf0b82e6b73458c694d178ad97c5e925c2d0e1a91
COPY --from=build /opt/rtkcontract /opt/rtkcontract
ENV PATH="/opt/rtkcontract/bin:$PATH" PYTHONUNBUFFERED=1
RUN useradd --create-home --uid 10001 contract
USER contract
WORKDIR /work
ENTRYPOINT ["rtkcontract"]
CMD ["--help"]
