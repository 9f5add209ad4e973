import { TestDeploymentError } from "../errors.js";
import { refuseFakeTimers } from "./fakeTimers.js";
import { settle, type Life } from "./settling.js";
import { toMoment, toMs, type Duration, type Moment } from "./times.js";
import type { TurnedClock } from "./turnedClock.js";

/** The deployment that the clock is of. */
export interface Timed {
  /** The clock of the present life, or of the last one. */
  readonly clock: TurnedClock;
  /** The present life, once a crash is over. */
  life(): Promise<Life>;
}

/**
 * The time of a deployment: that of its functions, timers of actions, scheduled functions, crons and
 * tokens. It stands still unless it is turned or told to run; connections go by the machine's.
 */
export class TestClock {
  readonly #timed: Timed;
  #turning: Promise<void> = Promise.resolve();

  /** @internal */
  constructor(timed: Timed) {
    this.#timed = timed;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#timed.clock.now();
  }

  /**
   * Lets time pass. Whatever falls due on the way, scheduled functions, crons and timers of actions, runs
   * in order and each at its own time, with all that it starts, before the clock goes on.
   *
   * @example
   * ```ts
   * await t.clock.advance("30d");
   * ```
   *
   * @throws TestDeploymentError "invalidTime"; "notSettled" where something does not end
   */
  advance(duration: Duration): Promise<void> {
    const ms = toMs(duration);
    return this.#turn(() => this.now() + ms);
  }

  /**
   * As {@link advance}, to a moment.
   * @throws TestDeploymentError "invalidTime" where it is past; "notSettled"
   */
  advanceTo(moment: Moment): Promise<void> {
    const untilMs = toMoment(moment);
    return this.#turn(() => untilMs);
  }

  /**
   * Waits for all that runs, and all that is due by now, without letting time pass.
   * @throws TestDeploymentError "notSettled"
   */
  async settle(): Promise<void> {
    refuseFakeTimers();
    await settle(await this.#timed.life());
  }

  /** Lets the clock run on by itself, from where it stands. */
  run(): void {
    this.#timed.clock.run();
  }

  /** Stops a clock that runs. */
  stand(): void {
    this.#timed.clock.stand();
  }

  /** One turn after the other. */
  #turn(until: () => number): Promise<void> {
    const turned = this.#turning.then(() => this.#pass(until()));
    this.#turning = turned.catch(() => undefined);
    return turned;
  }

  async #pass(untilMs: number): Promise<void> {
    refuseFakeTimers();
    const wasRunning = this.#timed.clock.isRunning;
    this.stand();
    if (untilMs < this.now()) throw goesBack(untilMs, this.now());
    try {
      for (;;) {
        // A crash on the way is followed by another life.
        const life = await this.#timed.life();
        await settle(life);
        if (life.isOver) continue;
        const { clock } = life;
        if ((clock.nextTimerMs ?? Infinity) > untilMs) {
          clock.moveTo(untilMs);
          return;
        }
        clock.fireNext();
      }
    } finally {
      if (wasRunning) this.run();
    }
  }
}

function goesBack(toMs: number, nowMs: number): TestDeploymentError {
  return new TestDeploymentError(
    "invalidTime",
    `The clock shows ${new Date(nowMs).toISOString()} and does not go back to ${new Date(toMs).toISOString()}. Open the deployment with \`now\` to begin earlier.`,
  );
}
