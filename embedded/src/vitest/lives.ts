import { systemClock } from "../clock.js";
import {
  openDeployment,
  type EmbeddedDeployment,
  type OpenOptions,
} from "../index.js";
import { partsOf, type DeploymentParts, type PartOptions } from "../parts.js";
import { restartCrons } from "../scheduler/crons.js";
import type { Called } from "./calls/caller.js";
import { CrashPoints, type CrashOptions } from "./crashes.js";
import { copyOf, remove } from "./directories.js";
import { TestDeploymentError } from "./errors.js";
import { Issuer, type TestIdentity } from "./calls/identities.js";
import { toLog, type FunctionLog } from "./logs.js";
import type { Life } from "./clock/settling.js";
import { watchSleepers } from "./clock/sleepers.js";
import type { Timed } from "./clock/testClock.js";
import { TurnedClock } from "./clock/turnedClock.js";

/** What a deployment begins with. */
export interface Beginning {
  /** Data directory with the pushed app, which stays as it is. */
  readonly template: string;
  readonly nowMs: number;
  /** Whether the clock runs by itself. */
  readonly isRunning: boolean;
}

/** The lives of a deployment, from start to crash and again, on the same data and at the same address. */
export class Lives implements Called, Timed {
  readonly logs: FunctionLog[] = [];
  readonly notices: string[] = [];
  readonly #dataDir: string;
  readonly #issuer = new Issuer();
  readonly #clients: (() => Promise<void> | void)[] = [];
  readonly #crashPoints = new CrashPoints();
  #current!: RunningLife;
  /** Resolves when the restart under way is over. */
  #restarting: Promise<void> | undefined;
  #closed: Promise<void> | undefined;

  private constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  static async begin(beginning: Beginning): Promise<Lives> {
    const { template, nowMs, isRunning } = beginning;
    const lives = new Lives(await copyOf(template));
    const clock = new TurnedClock(nowMs);
    if (isRunning) clock.run();
    try {
      // Those that begin with a run do so when the clock is first turned, and not while the test begins.
      await lives.#start(clock, { port: 0 }, ({ database }) =>
        database.write((tx) => restartCrons(tx, clock.now() + 1)),
      );
    } catch (error) {
      await remove(lives.#dataDir);
      throw error;
    }
    return lives;
  }

  get url(): string {
    return this.#current.deployment.url;
  }

  get siteUrl(): string {
    return this.#current.deployment.siteUrl;
  }

  get adminKey(): string {
    return this.#current.deployment.adminKey;
  }

  get clock(): TurnedClock {
    return this.#current.clock;
  }

  get componentPaths(): readonly string[] {
    return this.#current.parts.runtime.deployment.componentPaths;
  }

  conflicts() {
    return this.#current.deployment.conflicts();
  }

  async life(): Promise<RunningLife> {
    await this.#restarting;
    if (this.#closed !== undefined) throw closed();
    if (this.#current.isOver) throw isDown();
    return this.#current;
  }

  async call<T>(run: (parts: DeploymentParts) => Promise<T>): Promise<T> {
    // A call begins at once where it can: its caller may let time pass next.
    const life = this.#isUp ? this.#current : await this.life();
    return life.during(run(life.parts));
  }

  request(request: Request): Promise<Response> {
    return this.call(() => this.#current.deployment.fetch(request));
  }

  /** Makes a request of the HTTP API, with the admin key. */
  asAdmin(path: string, init: RequestInit = {}): Promise<Response> {
    const request = new Request(this.url + path, init);
    request.headers.set("authorization", `Convex ${this.adminKey}`);
    return this.request(request);
  }

  tokenOf(identity: TestIdentity): string {
    return this.#issuer.sign(identity, this.clock.now());
  }

  closeAtEnd(close: () => Promise<void> | void): void {
    this.#clients.push(close);
  }

  async crash(options: CrashOptions): Promise<void> {
    const { at } = options;
    if (at === undefined) {
      if (!this.#isUp) await this.life();
      return this.#crashNow(options);
    }
    const life = this.#isUp ? this.#current : await this.life();
    return new Promise((resolve, reject) => {
      this.#crashPoints.add(life.parts, { ...options, at }, () => {
        this.#crashNow(options).then(resolve, reject);
      });
    });
  }

  /** Starts again after a crash. */
  async restart(): Promise<void> {
    await this.#restarting;
    if (this.#closed !== undefined) throw closed();
    if (this.#current.isOver) await this.#startAgain();
  }

  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  get #isUp(): boolean {
    return (
      this.#closed === undefined &&
      this.#restarting === undefined &&
      !this.#current.isOver
    );
  }

  #crashNow({ restart = true }: CrashOptions): Promise<void> {
    const life = this.#current;
    if (life.isOver) return Promise.reject(isDown());
    const crashed = life.crash(
      new TestDeploymentError(
        "crashed",
        "The deployment crashed while this was under way: it may have happened, or not.",
      ),
    );
    const over = crashed
      .then(() => (restart ? this.#startAgain() : undefined))
      .finally(() => {
        this.#restarting = undefined;
      });
    // Whoever calls meanwhile waits; a failure is told to whoever asked for the crash.
    this.#restarting = over.catch(() => undefined);
    return over;
  }

  #startAgain(): Promise<void> {
    const { clock: before, deployment } = this.#current;
    const clock = new TurnedClock(before.now());
    if (this.#current.ranByItself) clock.run();
    const [port, sitePort] = [deployment.url, deployment.siteUrl].map((url) =>
      Number(new URL(url).port),
    );
    return this.#start(clock, { port: port!, sitePort: sitePort! });
  }

  async #start(
    clock: TurnedClock,
    ports: Pick<OpenOptions, "port" | "sitePort">,
    prepare?: (parts: DeploymentParts) => Promise<unknown>,
  ): Promise<void> {
    const options: OpenOptions & PartOptions = {
      ...ports,
      dataDir: this.#dataDir,
      clock,
      connectionClock: systemClock,
      // A crash here ends no machine, so that nothing is lost that reached the files.
      fsync: false,
      alsoTrusted: this.#issuer.providers,
      holdJobs: true,
      log: (line) => this.notices.push(line),
    };
    const deployment = await openDeployment(options);
    const life = new RunningLife(deployment, clock);
    const { parts } = life;
    await prepare?.(parts);
    deployment.onCompletion((event) => {
      if (event.occ === undefined) this.logs.push(toLog(event));
    });
    life.whenOver(watchSleepers(life, (notice) => this.#warn(notice)));
    parts.database.onCommit((commit) => this.#crashPoints.saw(commit, parts));
    this.#current = life;
    await deployment.startJobs();
  }

  /** Says something that a test that waits in vain would not show. */
  #warn(notice: string): void {
    this.notices.push(notice);
    console.warn(notice);
  }

  async #close(): Promise<void> {
    await this.#restarting;
    await Promise.all(
      this.#clients.splice(0).map(async (close) => {
        await close();
      }),
    );
    if (!this.#current.isOver) await this.#current.crash(closed());
    await remove(this.#dataDir);
  }
}

/** A deployment from one start to its end. */
class RunningLife implements Life {
  readonly deployment: EmbeddedDeployment;
  readonly parts: DeploymentParts;
  readonly clock: TurnedClock;
  isOver = false;
  /** Whether its clock ran by itself when it ended. */
  ranByItself = false;
  readonly #ends: (() => void)[] = [];
  /** What to tell those who wait when it ends. */
  readonly #waiting = new Set<(why: TestDeploymentError) => void>();

  constructor(deployment: EmbeddedDeployment, clock: TurnedClock) {
    this.deployment = deployment;
    this.parts = partsOf(deployment);
    this.clock = clock;
  }

  /** Calls `end` when it ends. */
  whenOver(end: () => void): void {
    this.#ends.push(end);
  }

  /** The outcome of a call, unless the life ends before. */
  during<T>(called: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject);
      const answered = () => this.#waiting.delete(reject);
      called.then(resolve, reject).finally(answered);
    });
  }

  /** Ends it as the end of its process would. Resolves when its directory may be opened again. */
  crash(why: TestDeploymentError): Promise<void> {
    this.isOver = true;
    for (const end of this.#ends) end();
    for (const tell of this.#waiting) tell(why);
    const crashed = this.parts.crash();
    this.ranByItself = this.clock.isRunning;
    this.clock.stand();
    this.clock.clear();
    return crashed;
  }
}

function isDown(): TestDeploymentError {
  return new TestDeploymentError(
    "crashed",
    "The deployment has crashed and was not to start again. Call t.restart().",
  );
}

function closed(): TestDeploymentError {
  return new TestDeploymentError("closed", "The deployment is closed.");
}
