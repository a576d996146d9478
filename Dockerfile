# kling-sidecar in a container: the source run by Node 24 itself, production dependencies only, no root.
#
#   docker build -t kling-sidecar .
#   docker run -d --name kling-sidecar --network container:my-app -v kling-sidecar-data:/app/data \
#     -v ./kling-api-key:/run/secrets/kling-api-key:ro -e KLING_API_KEY_FILE=/run/secrets/kling-api-key kling-sidecar
#
# The listeners stay on 127.0.0.1, where only what shares the container's network (a pod in Kubernetes,
# `--network container:NAME`, `--network host`) reaches them. To publish the ports instead, configure `apps`, without
# which a listener beyond loopback refuses to start, and set KLING_SIDECAR__LISTEN__HOST=0.0.0.0 (and
# KLING_SIDECAR__CONTROL__HOST=0.0.0.0), with the names that callers use in `listen.allowedHosts`.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# The exec keeps Node as process 1, so that SIGTERM and SIGHUP reach it.
RUN printf '#!/bin/sh\nexec node /app/src/main.ts "$@"\n' > /usr/local/bin/kling-sidecar \
  && chmod 755 /usr/local/bin/kling-sidecar \
  && mkdir data && chown node:node data && chmod 700 data
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json sidecar.config.json schema.json ./
COPY src ./src
USER node
# The ledger lives here: without a volume every new container would begin a fresh budget.
VOLUME /app/data
# Data plane, control plane; 5567 is the callback receiver, off unless configured.
EXPOSE 5564 5565
# A drain may take listen.drainMs (25 s): `docker stop --time 30`.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=10s --retries=3 CMD ["kling-sidecar", "health"]
ENTRYPOINT ["kling-sidecar"]
CMD ["start"]
