import { registerHooks } from 'node:module';

/**
 * To be imported before the gateway: it then follows no store and checks no push against one, so
 * that it can be told what that costs. The gateway itself has no such switch.
 */
const STAND_IN = new URL('./unchecked-store.ts', import.meta.url).href;

registerHooks({
  resolve(specifier, context, next) {
    if (specifier.endsWith('/store/follow-store.ts')) return { url: STAND_IN, shortCircuit: true };
    return next(specifier, context);
  },
});
