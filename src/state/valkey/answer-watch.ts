/** Sees from what is asked anyway whether a server does what it is told, for those who ask next. */
export interface AnswerWatch {
  /** Hears of a question from its beginning to its end. */
  hear<T>(asking: Promise<T>): Promise<T>;
  /** Whether the next question can be expected to be answered. */
  isSound(): boolean;
}

/** A server that has answered nothing for so long, though it was asked, does not answer. */
const SILENCE_MS = 1000;
/** How long it has to refuse nothing, so that one that is full now and then does not come and go. */
const REST_MS = 1000;

/** Creates the watch over one server, which is sound until it is found otherwise. */
export function createAnswerWatch(now: () => number = () => performance.now()): AnswerWatch {
  let underWay = 0;
  /** Since when an answer is owed; a refusal is none. */
  let owedSince: number | undefined;
  let refusedAt = Number.NEGATIVE_INFINITY;
  return {
    async hear(asking) {
      underWay += 1;
      owedSince ??= now();
      try {
        const answer = await asking;
        owedSince = underWay > 1 ? now() : undefined;
        return answer;
      } catch (error) {
        refusedAt = now();
        throw error;
      } finally {
        underWay -= 1;
      }
    },
    isSound() {
      if (now() - refusedAt < REST_MS) return false;
      return owedSince === undefined || now() - owedSince < SILENCE_MS;
    },
  };
}
