import { cp } from "node:fs/promises";
import path from "node:path";
import { ConvexHttpClient } from "convex/browser";
import { expect } from "vitest";
import { TestDeployment } from "../../../embedded/test/support/deployment.js";
import { CliApp } from "../../../embedded/test/support/officialCli.js";
import { TestIssuer } from "../../../embedded/test/support/tokens.js";
import type { Block } from "../../../client/index.js";
import { stablePort } from "../../../embedded/test/support/ports.js";

const ROOT = path.resolve(import.meta.dirname, "../../..");

interface AdminClient {
  setAdminAuth(adminKey: string): void;
  function(path: string, component: string, args: object): Promise<unknown>;
}

/** A session as the operator sees it. */
export interface StoredSession {
  sessionId: string;
  anonymousId: string;
  state: string;
  userId?: string;
  lastVisit?: { startedAt: number; endedAt: number; engagedMs: number };
}

/** The app in `convex/`, deployed by the official CLI, with users whose tokens tests sign. */
export class LiveApp {
  #deployment: TestDeployment;
  readonly #issuer: TestIssuer;

  private constructor(deployment: TestDeployment, issuer: TestIssuer) {
    this.#deployment = deployment;
    this.#issuer = issuer;
  }

  static async deploy(): Promise<LiveApp> {
    const port = await stablePort();
    const deployment = await TestDeployment.open({ port });
    const issuer = await TestIssuer.create();
    const app = await CliApp.create(deployment, {
      "convex/auth.config.ts": issuer.authConfig,
    });
    for (const folder of ["convex", "client"]) {
      await cp(path.join(ROOT, folder), path.join(app.folder, folder), {
        recursive: true,
      });
    }
    const deployed = await app.convex("deploy", "--typecheck", "disable");
    expect(deployed, deployed.stderr).toMatchObject({ code: 0 });
    await app.remove();
    return new LiveApp(deployment, issuer);
  }

  get url(): string {
    return this.#deployment.url;
  }

  adminToken(): Promise<string> {
    return this.#issuer.sign({ claims: { role: "admin" } });
  }

  /** What lets this user in. */
  userToken(subject: string): Promise<string> {
    return this.#issuer.sign({ subject });
  }

  async session(anonymousId: string): Promise<StoredSession | null> {
    const session = await this.#ask("operator/show:get", { id: anonymousId });
    return session as StoredSession | null;
  }

  /** Ends the visitor's session and blocks it, as an operator does. */
  async block(anonymousId: string, block: Block): Promise<void> {
    const session = { anonymousId };
    await this.#ask("visitors/block:end", { session, block });
  }

  async unblock(anonymousId: string): Promise<void> {
    await this.#ask("visitors/block:lift", { session: { anonymousId } });
  }

  /** The names of the visitor's actions, oldest first. */
  async actions(anonymousId: string): Promise<string[]> {
    const session = await this.session(anonymousId);
    if (session === null) return [];
    const { sessionId } = session;
    const found = await this.#ask("operator/show:timeline", { sessionId });
    const { actions } = found as { actions: { action: string }[] };
    return actions.map(({ action }) => action).toReversed();
  }

  async stop(): Promise<() => Promise<void>> {
    const { dataDir, url } = this.#deployment;
    await this.#deployment.close();
    return async () => {
      const port = Number(new URL(url).port);
      this.#deployment = await TestDeployment.open({ dataDir, port });
    };
  }

  remove(): Promise<void> {
    return this.#deployment.remove();
  }

  #ask(name: string, args: object): Promise<unknown> {
    const client = new ConvexHttpClient(this.url, { logger: false });
    const admin = client as unknown as AdminClient;
    admin.setAdminAuth(this.#deployment.adminKey);
    return admin.function(name, "sessionTracker", args);
  }
}
