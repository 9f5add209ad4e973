import { stablePort } from "../support/ports.js";
import { KillableDeployment } from "../support/process/killable.js";

/** A deployment that is killed and started again, always at the same address. */
export class Service {
  readonly #dataDir: string;
  #deployment: KillableDeployment;
  #isUp: Promise<void> = Promise.resolve();

  private constructor(dataDir: string, deployment: KillableDeployment) {
    this.#dataDir = dataDir;
    this.#deployment = deployment;
  }

  static async start(dataDir: string): Promise<Service> {
    const port = await stablePort();
    return new Service(dataDir, await KillableDeployment.start(dataDir, port));
  }

  get deployment(): KillableDeployment {
    return this.#deployment;
  }

  get url(): string {
    return this.#deployment.url;
  }

  /** Resolves when a process is there that was not killed yet. */
  get isUp(): Promise<void> {
    return this.#isUp;
  }

  async killAndRestart(): Promise<void> {
    this.#isUp = this.#replace();
    await this.#isUp;
  }

  async #replace(): Promise<void> {
    await this.#deployment.kill();
    const port = Number(new URL(this.url).port);
    this.#deployment = await KillableDeployment.start(this.#dataDir, port);
  }

  /**
   * The result of `ask`; undefined where the connection broke. A process that ends by itself is an
   * error.
   */
  async attempt<T>(ask: () => Promise<T>): Promise<T | undefined> {
    const { process } = this.#deployment;
    try {
      return await ask();
    } catch (error) {
      const hasCrashed = process.exitCode !== null;
      if (hasCrashed || (error as Error).message !== "fetch failed")
        throw error;
      return undefined;
    }
  }

  /** The value of a call; undefined when the process was killed before it answered. */
  async call(
    kind: "query" | "mutation" | "action",
    path: string,
    args: object,
  ): Promise<{ value: unknown } | undefined> {
    await this.#isUp;
    const answer = await this.attempt(() =>
      this.#deployment.post(`/api/${kind}`, { path, args }),
    );
    if (answer === undefined) return undefined;
    const body = answer.body as { status: string; value: unknown };
    if (body.status !== "success") throw new Error(JSON.stringify(answer));
    return { value: body.value };
  }

  /** The value of a call, as {@link call}, while nothing is killed. */
  async ask<T>(path: string, args: object = {}): Promise<T> {
    const answer = await this.call("query", path, args);
    if (answer === undefined) throw new Error(`${path} was not answered.`);
    return answer.value as T;
  }
}
