/** A served deployment with old sessions in it, all of which a purge of 14 days takes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll } from "vitest";
import type { ServeJson } from "../../../cli/json/ready.js";
import type { StatusJson } from "../../../cli/json/status/status.js";
import { RealCli } from "./realCli.js";
import { DAY_MS } from "../../../convex/sessionTracker/shared/times.js";

export class OldSessions {
  readonly cli = new RealCli();
  #served: ServeJson | undefined;

  constructor(count: number) {
    beforeAll(async () => {
      this.#served = await this.cli.serve();
      const path = join(this.cli.folder, "sessions.jsonl");
      writeFileSync(path, lines(count).join(""));
      await this.importAll();
    }, 240_000);
  }

  get served(): ServeJson {
    if (this.#served === undefined) throw new Error("It is not served yet.");
    return this.#served;
  }

  key(): string {
    return readFileSync(this.served.adminKeyFile, "utf8").trim();
  }

  /** Imports the sessions that are not there, or not any more. */
  async importAll(): Promise<void> {
    await this.cli.quick(["import", "sessions.jsonl", "--yes"]);
  }

  async total(): Promise<number> {
    return (await this.cli.quick<StatusJson>(["status"])).sessions.total;
  }
}

function lines(count: number): string[] {
  const now = Date.now();
  return Array.from({ length: count }, (_, index) => {
    const lastActive = now - 30 * DAY_MS - index;
    // The text does not compress, so that an archive has a size.
    const metadata = { text: Math.random().toString(36).repeat(3) };
    const actions = [{ at: lastActive, action: "view", metadata }];
    const anonymousId = `visitor-${index}`;
    const row = { anonymousId, createdAt: lastActive, lastActive, actions };
    return `${JSON.stringify(row)}\n`;
  });
}
