import type { CliContext } from "../context.js";
import { formatNumber } from "./words.js";
import { roundedRate } from "../runs/progress.js";
import { formatDuration } from "../time/time.js";

export interface Progress {
  /** @param maxRate the limit of a paced run, whose first page comes at once */
  update(done: number, maxRate?: number): void;
  stop(): void;
}

/** A bar on a terminal; nothing anywhere else, so that logs stay readable. */
export async function startProgress(
  context: CliContext,
  options: {
    total: number;
    /** The number done before somebody looked, which says nothing about how fast it is. @default 0 */
    before?: number;
    unit: string;
    enabled: boolean;
  },
): Promise<Progress> {
  const { total, before = 0, unit, enabled } = options;
  if (!enabled || !context.stderr.isTTY || total === 0) return NO_PROGRESS;
  const { SingleBar, Presets } = await import("cli-progress");
  const startedAt = context.now();
  const bar = new SingleBar(
    {
      stream: context.stderr,
      format: `{bar} {percentage}% | {value}/{total} ${unit} | {rate}/s | {left}`,
      barsize: Math.max(10, Math.min(40, (context.stderr.columns ?? 80) - 50)),
      hideCursor: true,
      // Ctrl-C is ours to handle: the bar would end the process.
      gracefulExit: false,
    },
    Presets.shades_classic,
  );
  bar.start(total, before, { rate: "-", left: "" });
  return {
    update(done, maxRate) {
      const seconds = (context.now() - startedAt) / 1_000;
      const measured = seconds > 0 ? (done - before) / seconds : 0;
      const rate = roundedRate(measured, maxRate);
      const leftMs = rate > 0 ? ((total - done) / rate) * 1_000 : 0;
      bar.setTotal(Math.max(total, done));
      bar.update(done, {
        rate: formatNumber(rate),
        left: leftMs >= 1_000 ? `${formatDuration(leftMs)} left` : "",
      });
    },
    stop() {
      bar.stop();
    },
  };
}

const NO_PROGRESS: Progress = { update() {}, stop() {} };
