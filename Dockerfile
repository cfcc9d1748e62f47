ARG NODE=24.21.0

FROM node:${NODE}-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json ./
COPY src ./src
RUN npm run build

FROM node:${NODE}-bookworm-slim AS libraries
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts --omit=dev

FROM node:${NODE}-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ./
COPY --from=libraries /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# A volume that is mounted here takes over the owner: the audit log is the gateway's alone.
RUN install --directory --owner=node --group=node --mode=700 /var/lib/pushwarden
USER node
EXPOSE 9091 9095
# The public side, which answers probes whether there is an admin side or not; with TLS, or another
# port, set the address.
ENV PUSHWARDEN_HEALTH_URL=http://127.0.0.1:9091/-/healthy
HEALTHCHECK --interval=10s --timeout=3s --start-period=40s CMD ["node", "-e", "const url = process.env.PUSHWARDEN_HEALTH_URL; require(url.split(':')[0]).get(url, { rejectUnauthorized: false }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# Room for what lives shortly, and one heap for all threads but the first: docs/operate/load.md.
ENV MALLOC_ARENA_MAX=2
ENTRYPOINT ["node", "--max-semi-space-size=32", "dist/main.js"]
CMD ["serve", "--config", "/etc/pushwarden/pushwarden.yaml", "--watch"]
