/** The option of Node with which the image and the systemd units start the gateway. */
export const YOUNG = '--max-semi-space-size=32';

/** The environment that they start it in: docs/operate/load.md. */
export const AS_STARTED: NodeJS.ProcessEnv = {
  ...process.env,
  NODE_OPTIONS: YOUNG,
  MALLOC_ARENA_MAX: '2',
};
