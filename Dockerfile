# kling-sidecar in a container: the source run by Node 24 itself, production dependencies only, no root.
#
#   docker build -t kling-sidecar .
#
# docs/operations.md has the steps to run it, with config and key mounted and their ownership. The listeners stay on
# loopback, where only what shares the container's network (a pod in Kubernetes, `--network container:NAME`,
# `--network host`) reaches them. To publish the ports instead, configure `apps`, without which a listener beyond loopback
# refuses to start, and set KLING_SIDECAR__LISTEN__HOST=0.0.0.0 (and KLING_SIDECAR__CONTROL__HOST=0.0.0.0), with the
# names that callers use in `listen.allowedHosts`.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
COPY bin ./bin
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# The exec makes Node the container's first process, which gets SIGTERM and SIGHUP.
RUN printf '#!/bin/sh\nexec node --disable-sigusr1 --max-semi-space-size=16 --initial-old-space-size=32 /app/bin/kling-sidecar.js "$@"\n' \
    > /usr/local/bin/kling-sidecar \
  && chmod 755 /usr/local/bin/kling-sidecar \
  && mkdir data && chown node:node data && chmod 700 data
COPY --from=dependencies /app/node_modules ./node_modules
# Compiled code is kept only where the user of the process alone can write (docs/decisions/012).
RUN mkdir node_modules/.cache && chown node:node node_modules/.cache && chmod 700 node_modules/.cache
COPY package.json sidecar.config.json schema.json ./
COPY bin ./bin
COPY src ./src
COPY dashboards ./dashboards
# User 1000: it must be able to read the mounted key, and to write the mounted store.
USER node
# Two runs on loopback, without an account, compile everything that a start needs, and the image keeps it. The second one has no
# Kling to reach, and ends by the time limit.
RUN (kling-sidecar demo > /tmp/demo.log 2>&1 || (cat /tmp/demo.log && exit 1)) && rm /tmp/demo.log
RUN KLING_API_KEY=no-account-no-account KLING_SIDECAR__UPSTREAM__BASEURL=http://127.0.0.1:9 \
  KLING_SIDECAR__STORE__PATH=/tmp/start/sidecar.db timeout 15 kling-sidecar start; rm -r /tmp/start
# The store of a container without a config of its own. Mount it, or keep the store elsewhere: a new container with a new,
# empty volume begins a fresh budget.
VOLUME /app/data
# Data plane, control plane.
EXPOSE 5564 5565
# A drain takes up to listen.drainMs, 25 s by default, and Docker kills after 10: run with --stop-timeout 35.
STOPSIGNAL SIGTERM
# bash and a socket, without Node: some milliseconds each time.
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 CMD ["/app/bin/health.sh"]
ENTRYPOINT ["kling-sidecar"]
CMD ["start"]
