/**
 * What is mostly known at once, and has to be waited for now and then: a promise that nobody needs
 * costs every push memory and a turn in a queue. Who takes it awaits nothing but a promise:
 * `value instanceof Promise ? await value : value`.
 */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with a value: at once where it is known. */
export function andThen<T, U>(
  value: MaybePromise<T>,
  goOn: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}
