import type { Steps } from "../../database/steps.js";
import type { Execution } from "./execution.js";
import type { Thread } from "./turns.js";

/** Steps between two looks at the time. */
const STEPS_A_LOOK = 64;

/**
 * Does an execution's work step by step, then `use`s what it came to. The thread is given away in
 * between, once it is others' turn; the work ends with the execution.
 */
export function inTurns<T, R>(
  execution: Pick<Execution, "thread" | "inTurns" | "finished">,
  steps: Steps<T>,
  use: (result: T) => R,
): R | Promise<R> {
  const first = untilTurnIsOver(steps, execution.thread);
  if (first !== null) return use(first.result);
  return inOtherTurns(execution, steps, use);
}

async function inOtherTurns<T, R>(
  execution: Pick<Execution, "thread" | "inTurns" | "finished">,
  steps: Steps<T>,
  use: (result: T) => R,
): Promise<R> {
  const { thread } = execution;
  execution.inTurns.add(steps);
  try {
    for (;;) {
      await new Promise<void>((goOn) => thread.inAnotherTurn(goOn));
      // Whoever waits for it is gone.
      if (execution.finished) return await new Promise<never>(() => {});
      const end = untilTurnIsOver(steps, thread);
      if (end !== null) return use(end.result);
    }
  } finally {
    execution.inTurns.delete(steps);
  }
}

/** The result; null when it is somebody else's turn before there is one. */
function untilTurnIsOver<T>(
  steps: Steps<T>,
  thread: Thread,
): { result: T } | null {
  for (;;) {
    for (let step = 0; step < STEPS_A_LOOK; step += 1) {
      const { done, value } = steps.next();
      if (done === true) return { result: value };
    }
    if (thread.isTurnOver(performance.now())) return null;
  }
}
