/**
 * What is mostly known at once, and has to be waited for now and then: a promise for each step of a
 * push that needs none costs it memory, and turns in a queue. `await` takes both; what every push
 * comes by awaits promises alone: `value instanceof Promise ? await value : value`.
 */
export type MaybePromise<T> = T | Promise<T>;

/** Goes on with a value: at once where it is known. */
export function andThen<T, U>(
  value: MaybePromise<T>,
  goOn: (value: T) => MaybePromise<U>,
): MaybePromise<U> {
  return value instanceof Promise ? value.then(goOn) : goOn(value);
}

/** Does something at the end of a work, however that ends. */
export function andFinally<T>(work: () => MaybePromise<T>, atEnd: () => void): MaybePromise<T> {
  let value: MaybePromise<T>;
  try {
    value = work();
  } catch (error) {
    atEnd();
    throw error;
  }
  if (value instanceof Promise) return value.finally(atEnd);
  atEnd();
  return value;
}
