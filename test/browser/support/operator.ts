/** The setup of the dashboard's tests: a deployment in real time, its CLI, a browser. */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import {
  openDeployment,
  type EmbeddedDeployment,
} from "@sessions-ops/embedded";
import type { Page } from "playwright-core";
import { build } from "vite";
import type { ComponentClient } from "../../../cli/deployment/client.js";
import { exampleComponent } from "../../../scripts/exampleApp.js";
import type { VisitReport } from "../../../convex/sessionTracker/shared/visits.js";
import type { RealCli } from "../../cli/support/realCli.js";
import type { Running } from "../../cli/support/realCli.js";
import { copyDeployed } from "./app.js";
import { startChromium, type Chromium } from "./chromium.js";

export class Operator {
  readonly deployment: EmbeddedDeployment;
  readonly component: ComponentClient;
  readonly #cli: RealCli;
  readonly #chromiums: Chromium[] = [];

  private constructor(cli: RealCli, deployment: EmbeddedDeployment) {
    this.#cli = cli;
    this.deployment = deployment;
    this.component = exampleComponent(deployment);
  }

  static async start(cli: RealCli): Promise<Operator> {
    // The page is built beside the CLI, as by `npm run build`.
    await build({
      configFile: join(
        import.meta.dirname,
        "../../../dashboard/vite.config.ts",
      ),
      logLevel: "error",
      build: { outDir: join(cli.folder, "dashboard") },
    });
    const dataDir = await copyDeployed();
    const deployment = await openDeployment({ dataDir, port: 0 });
    return new Operator(cli, deployment);
  }

  async stop(): Promise<void> {
    for (const { close } of this.#chromiums) await close();
    await this.deployment.close();
    await rm(this.deployment.dataDir, { recursive: true });
  }

  /** Starts `sessions-ops dashboard` as a process. Resolves once it has printed its link. */
  async dashboard(): Promise<{ running: Running; link: URL }> {
    const { url, dataDir } = this.deployment;
    const running = this.#cli.start([
      ...["dashboard", "--no-open", "--url", url],
      ...["--admin-key-file", join(dataDir, "admin-key")],
    ]);
    return { running, link: linkIn(await running.said(LINK)) };
  }

  /** Opens a page of another browser. */
  async browse(): Promise<Page> {
    const chromium = await startChromium();
    this.#chromiums.push(chromium);
    return await chromium.context.newPage();
  }

  /** Lets a visitor of the app say hello. */
  visit(anonymousId: string, visit: VisitReport = {}): Promise<void> {
    return this.#call("trackSession", { anonymousId, visit });
  }

  /** Lets a visitor of the app say goodbye. */
  leave(anonymousId: string, visit: VisitReport = {}): Promise<void> {
    return this.#call("endSession", { anonymousId, visit });
  }

  async #call(name: string, args: object): Promise<void> {
    const response = await fetch(`${this.deployment.url}/api/mutation`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        path: `sessions:${name}`,
        format: "json",
        args,
      }),
    });
    const { status } = (await response.json()) as { status: string };
    if (status !== "success") throw new Error(`${name}: ${status}`);
  }
}

const LINK = /http:\/\/127\.0\.0\.1:\d+\/\S+\?token=\S+/g;

/** The link that was printed last. */
export function linkIn(output: string): URL {
  return new URL(output.match(LINK)?.at(-1) ?? "");
}
