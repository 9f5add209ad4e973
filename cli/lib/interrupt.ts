import type { CliContext } from "../context.js";
import type { ComponentClient } from "./client.js";

/** How long an answer that is under way is still waited for. */
const LAST_MOMENT_MS = 2_000;

/**
 * Lets `act` end in its own way on Ctrl-C: its signal is aborted, and calls that then go on without an
 * answer are given up as unreachable after a moment.
 */
export async function untilInterrupted<Result>(
  context: CliContext,
  client: ComponentClient,
  act: (interrupted: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const interrupted = new AbortController();
  const ended = new AbortController();
  const giveUp = async () => {
    await context.sleep(LAST_MOMENT_MS, ended.signal);
    if (!ended.signal.aborted) client.giveUp();
  };
  const stopListening = context.onInterrupt(() => {
    if (interrupted.signal.aborted) return;
    interrupted.abort();
    void giveUp();
  });
  try {
    return await act(interrupted.signal);
  } finally {
    ended.abort();
    stopListening();
  }
}
