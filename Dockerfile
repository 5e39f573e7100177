# The container image: what `npm run build` makes, on Node and nothing else. How to build it: README, "Image".

# What builds: Node 24 or newer, with npm, a shell, coreutils and sed. These are tags, which get the fixes of their images; who
# needs a digest gives it as argument.
ARG BUILD_IMAGE=docker.io/library/node:26-trixie-slim
# What runs: Node 24 or newer at NODE. Node 26 needs libatomic.so.1; of the distroless images nodejs26 has it, cc has not.
ARG RUNTIME_IMAGE=gcr.io/distroless/nodejs26-debian13:nonroot

# The bundle is the same on every platform, so that it is built on the builder's own.
FROM --platform=$BUILDPLATFORM ${BUILD_IMAGE} AS build
USER 0:0
WORKDIR /project
COPY package.json package-lock.json .npmrc ./
# A build image that brings /project/node_modules asks no registry; another registry comes by the secret npmrc. The only
# install script that would do anything fetches a Node.
RUN --mount=type=secret,id=npmrc \
  test -d node_modules || NPM_CONFIG_USERCONFIG=/run/secrets/npmrc npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json LICENSE ./
COPY src src
RUN node --run build
# /webhook is the command of the Go webhook's image. There is no shell and no env, so that it names its Node itself.
ARG NODE=/nodejs/bin/node
RUN install -d /image/app /image/licenses \
  && install -m 0444 dist/*.js /image/app \
  && install -m 0444 LICENSE dist/*.LEGAL.txt /image/licenses \
  && sed "1s|^#!.*|#!${NODE}|" dist/irsa-webhook.js > /image/app/irsa-webhook.js \
  && chmod 0555 /image/app/irsa-webhook.js \
  && ln -s /app/irsa-webhook.js /image/webhook

FROM ${RUNTIME_IMAGE}
ARG RUNTIME_IMAGE
ARG VERSION=unknown
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE=
LABEL org.opencontainers.image.title="irsa-webhook" \
  org.opencontainers.image.description="Kubernetes admission webhook that gives every pod the AWS identity its service account promises" \
  org.opencontainers.image.licenses="Apache-2.0" \
  org.opencontainers.image.base.name="${RUNTIME_IMAGE}" \
  org.opencontainers.image.version="${VERSION}" \
  org.opencontainers.image.revision="${REVISION}" \
  org.opencontainers.image.created="${CREATED}" \
  org.opencontainers.image.source="${SOURCE}"
COPY --from=build --chown=0:0 /image/ /
WORKDIR /
# By number, so that runAsNonRoot can be checked. Root owns all files: the program cannot change itself.
USER 65532:65532
# The ports by default; --port and --metrics-port change them.
EXPOSE 443 9999
ENTRYPOINT ["/webhook"]
