import path from "node:path";
import {
  testDeployment,
  type TestDeployment,
} from "@sessions-ops/embedded/vitest";
import { ConvexHttpClient } from "convex/browser";
import type { Block } from "../../../client/index.js";

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

/** The app in `convex/`, on a deployment whose time is the machine's, with users whose tokens tests sign. */
export class LiveApp {
  readonly #deployment: TestDeployment;

  private constructor(deployment: TestDeployment) {
    this.#deployment = deployment;
  }

  static async deploy(): Promise<LiveApp> {
    return new LiveApp(await testDeployment({ app: ROOT, time: "running" }));
  }

  get url(): string {
    return this.#deployment.url;
  }

  adminToken(): Promise<string> {
    return this.#tokenOf({ role: "admin" });
  }

  /** What lets this user in. */
  userToken(subject: string): Promise<string> {
    return this.#tokenOf({ subject });
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
    await this.#deployment.crash({ restart: false });
    return () => this.#deployment.restart();
  }

  remove(): Promise<void> {
    return this.#deployment.close();
  }

  /** Asks as operators do, over the network: after whatever a page has sent before. */
  #ask(name: string, args: object): Promise<unknown> {
    const admin = this.#deployment.client(
      ConvexHttpClient,
    ) as unknown as AdminClient;
    admin.setAdminAuth(this.#deployment.adminKey);
    return admin.function(name, "sessionTracker", args);
  }

  #tokenOf(identity: { subject?: string; role?: string }): Promise<string> {
    return Promise.resolve(this.#deployment.withIdentity(identity).token());
  }
}
