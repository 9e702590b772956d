# Countersign as a container: built here, run as a user without rights, without a shell's worth of extras.
#
#   docker build -t countersign .
#   docker run --rm --network none --read-only -v /mnt/drive:/delivery:ro -v "$PWD/reports:/reports" \
#     countersign scan /delivery --report json=/reports/report.json
#
# The scan opens no connection and writes nothing below what it scans: a read-only mount is enough.
# The same image is the server of hot folders and reviews: packaging/container/compose.yaml.

FROM rust:1.89-bookworm AS build
WORKDIR /src
COPY . .
# Manual pages and completions are printed by the program itself.
RUN cargo install --locked --path . --root /out \
 && mkdir -p /out/share/man/man1 /out/share/bash-completion/completions \
 && /out/bin/countersign man --out /out/share/man/man1 \
 && /out/bin/countersign completions bash >/out/share/bash-completion/completions/countersign

FROM debian:bookworm-slim
LABEL org.opencontainers.image.title="Countersign" \
      org.opencontainers.image.description="Flags AI-marked assets in a final deliverable without a recorded approval" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
# For pictures of videos in the HTML report; everything else works without it. The distribution's version of today is
# wanted, with its fixes of security, and none is pinned.
ARG FFMPEG=0
# hadolint ignore=DL3008
RUN if [ "$FFMPEG" = 1 ]; then \
      apt-get update \
      && apt-get install --yes --no-install-recommends ffmpeg \
      && rm -rf /var/lib/apt/lists/*; \
    fi \
 && useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin countersign \
 && install --directory --owner 10001 --mode 700 /data
COPY --from=build /out/bin/countersign /usr/local/bin/countersign
COPY --from=build /out/share/ /usr/local/share/
COPY LICENSE-APACHE LICENSE-MIT NOTICE /usr/local/share/doc/countersign/
# Defaults of nobody: what counts is what is typed or mounted here.
ENV COUNTERSIGN_CONFIG=/etc/countersign
USER 10001
WORKDIR /delivery
ENTRYPOINT ["countersign"]
CMD ["--help"]
