import type { CliContext } from "../context.js";
import { isUnreachable, type CliError } from "./errors.js";
import { note } from "./output.js";

const RETRY_MS = 250;
/** Calls in a row that may get no answer: half a minute. */
const MAX_LOST = 120;

/**
 * Makes a call that may be made again for as long as the network, or a deployment that restarts,
 * takes to come back.
 * @param options.lost what to throw once it has taken too long, or somebody pressed Ctrl-C
 */
export async function persist<Answer>(
  context: CliContext,
  call: () => Promise<Answer>,
  options: {
    interrupted: AbortSignal;
    lost: (error: CliError, isInterrupted: boolean) => CliError;
  },
): Promise<Answer> {
  const { interrupted, lost } = options;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await call();
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      if (interrupted.aborted || attempt === MAX_LOST) {
        throw lost(error, interrupted.aborted);
      }
      if (attempt === 0) note(context, `${error.message}\nTrying again …`);
      await context.sleep(RETRY_MS, interrupted);
    }
  }
}
