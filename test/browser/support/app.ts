import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  openDeployment,
  type EmbeddedDeployment,
} from "@sessions-ops/embedded";
import { expect, inject, onTestFinished } from "vitest";
import type { ComponentClient } from "../../../cli/deployment/client.js";
import { exampleComponent } from "../../../scripts/exampleApp.js";
import { FakeClock } from "../../../embedded/test/support/fakeClock.js";
import { stablePort } from "../../../embedded/test/support/ports.js";

/**
 * The longest step of time. To a client, a deployment that is silent for a minute is dead, and this one
 * says something every 15 s.
 */
export const STEP_MS = 30_000;

/** A mutation of the app that the deployment has run. */
export interface Call {
  name: string;
  /** The time of the call, in ms that the test had let pass. */
  at: number;
}

/** The example on a deployment of the test's own, whose clock the test drives. */
export class App {
  readonly clock: FakeClock;
  readonly calls: Call[] = [];
  readonly #startMs: number;
  readonly #dataDir: string;
  readonly #waiting = new Set<() => void>();
  #deployment: EmbeddedDeployment | undefined;
  #url = "";

  private constructor(dataDir: string, clock: FakeClock) {
    this.clock = clock;
    this.#startMs = clock.now();
    this.#dataDir = dataDir;
  }

  /** Opens an app, which is closed and removed when the test is finished. */
  static async open(clock = new FakeClock(Date.now())): Promise<App> {
    const dataDir = await copyDeployed();
    const app = new App(dataDir, clock);
    onTestFinished(async () => {
      await app.stop();
      await rm(dataDir, { recursive: true });
    });
    await app.start();
    return app;
  }

  get url(): string {
    return this.#url;
  }

  /** The time that the test let pass, in ms. */
  get passedMs(): number {
    return this.clock.now() - this.#startMs;
  }

  /** The component, called as an operator does. */
  get component(): ComponentClient {
    if (this.#deployment === undefined) throw new Error("It is stopped.");
    return exampleComponent(this.#deployment);
  }

  /** Starts the deployment, at the address that it had before, if any. */
  async start(): Promise<void> {
    const port =
      this.#url === "" ? await stablePort() : Number(new URL(this.#url).port);
    const deployment = await openDeployment({
      dataDir: this.#dataDir,
      port,
      sitePort: 0,
      clock: this.clock,
    });
    this.#deployment = deployment;
    this.#url = deployment.url;
    deployment.onCompletion(({ componentPath, path, udfType }) => {
      if (componentPath !== "" || udfType !== "Mutation") return;
      const name = path.slice(path.indexOf(":") + 1);
      this.calls.push({ name, at: this.passedMs });
      for (const look of this.#waiting) look();
    });
  }

  async stop(): Promise<void> {
    const deployment = this.#deployment;
    this.#deployment = undefined;
    await deployment?.close();
  }

  of(name: string): Call[] {
    return this.calls.filter((call) => call.name === name);
  }

  get heartbeats(): Call[] {
    return this.of("trackSession");
  }

  /** Resolves once a function has been called so often since the test began. */
  called(name: string, times: number): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (this.of(name).length < times) return;
        this.#waiting.delete(look);
        resolve();
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** Everybody's sessions, newest first. */
  async sessions() {
    const { sessions } = await this.component.query("operator/search:page", {
      filter: {},
      sort: "created",
      order: "desc",
      limit: 100,
    });
    return sessions;
  }
}

/** A directory like that of a deployment to which only the example was deployed. */
export async function copyDeployed(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), "sessions-ops-app-"));
  await cp(inject("deployedDir"), dataDir, {
    recursive: true,
    // The socket by which its owner was known cannot be copied.
    filter: (from) => !from.endsWith(".socket"),
  });
  return dataDir;
}

/**
 * Expects one call each interval since the first of these, give or take a tenth of it and a step of the
 * clock: however many tabs there are, the calls are of one.
 */
export function expectOneEach(
  intervalMs: number,
  calls: Call[],
  nowMs: number,
): void {
  const times = calls.map(({ at }) => at);
  const longest = intervalMs * 1.1 + STEP_MS;
  times.forEach((at, n) => {
    const next = times[n + 1];
    expect((next ?? nowMs) - at).toBeLessThanOrEqual(longest);
    if (next === undefined) return;
    expect(next - at).toBeGreaterThanOrEqual(intervalMs * 0.9 - STEP_MS);
  });
}
