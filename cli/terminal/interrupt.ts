import type { CliContext } from "../context.js";

/** A maker of calls, such as a client. */
interface Caller {
  /** Stops making calls again that get no answer. */
  interrupt(): void;
  /** Ends the calls under way, and all later ones, as if the network had lost their answers. */
  giveUp(): void;
}

/** The time that an answer under way is still waited for. */
const LAST_MOMENT_MS = 2_000;

/**
 * Lets `act` end in its own way on Ctrl-C: its signal is aborted, and calls that then go on without an
 * answer are given up as unreachable after a moment.
 * @param options.isFallback only where nothing around it lets itself be interrupted
 */
export async function untilInterrupted<Result>(
  context: Pick<CliContext, "onInterrupt" | "sleep">,
  client: Caller,
  act: (interrupted: AbortSignal) => Promise<Result>,
  options: { isFallback?: boolean } = {},
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
    client.interrupt();
    void giveUp();
  }, options);
  try {
    return await act(interrupted.signal);
  } finally {
    ended.abort();
    stopListening();
  }
}
