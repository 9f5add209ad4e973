import { clearInterval, setInterval } from "node:timers";
import type { Execution } from "../../functions/execution/execution.js";
import { displayName } from "../../functions/functionPath.js";
import { isAsleep, type Life } from "./settling.js";

const LOOK_MS = 1_000;

/**
 * Looks for actions that somebody called and that wait for a timer while the clock stands: their caller would wait
 * without knowing for what.
 * @param tell - is told once of each function
 * @returns what ends this
 */
export function watchSleepers(
  life: Life,
  tell: (notice: string) => void,
): () => void {
  const told = new Set<string>();
  let before = new Set<Execution>();
  const look = () => {
    const { clock, parts } = life;
    const asleep = [...parts.runtime.underWay].filter(
      (execution) =>
        execution.request.source === "client" && isAsleep(execution, clock),
    );
    // One that has been asleep for so long is not about to be woken.
    const waiting = clock.isRunning
      ? []
      : asleep.filter((execution) => before.has(execution));
    for (const name of waiting.map(({ fn }) => displayName(fn))) {
      if (told.has(name)) continue;
      told.add(name);
      tell(
        `${name} waits for a timer, and the deployment's clock stands still. Turn it with t.clock.advance(…), or open the deployment with time: "running".`,
      );
    }
    before = new Set(asleep);
  };
  const watching = setInterval(look, LOOK_MS).unref();
  return () => clearInterval(watching);
}
