/**
 * Opens requests to a server. The modules are not imported: that asks for everything `node:http` has,
 * WebSocket too, and makes a command start 100 ms later.
 */
export function openerFor({ protocol }: URL): typeof import('node:http').request {
  return process.getBuiltinModule(protocol === 'https:' ? 'node:https' : 'node:http').request;
}
