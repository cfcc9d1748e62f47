import type { Express } from 'express';

/** Listens on a free port and prints the address as a JSON line on stderr. */
export function announce(app: Express): void {
  const server = app.listen(0, '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    console.error(JSON.stringify({ msg: 'ready', listen: `http://127.0.0.1:${port}` }));
  });
}
