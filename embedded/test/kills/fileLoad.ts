import { encodeId } from "../../src/database/values/ids.js";
import type { Random } from "../support/random.js";
import type { KillableDeployment } from "../support/process/killable.js";
import { zipOf } from "../server/snapshots/snapshotClient.js";
import { isCutOff, sha256, slowly } from "./files.js";

/** What has become of a file that was asked for. */
type Fate = "stored" | "maybeRemoved" | "removed";

/** Largest file; uploads of it are often cut off. */
const MAX_BYTES = 3 * 1024 * 1024;
/** Number of files in each import. */
const IMPORTED = 25;

/** Stores, removes and imports files until its deployment is killed. */
export class FileLoad {
  /** SHA-256 of the acknowledged files, by their ids, and what became of them. */
  readonly files = new Map<string, { sha256: string; fate: Fate }>();
  /** SHA-256 of the files of each import that was begun, in order. */
  readonly imports: Set<string>[] = [new Set()];
  /** Number of the last import that was seen to be completed. */
  imported = 0;
  importsCompleted = 0;
  /** Calls that a kill cut off. */
  cutOff = 0;
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Runs until the deployment is killed. */
  async run(deployment: KillableDeployment): Promise<void> {
    const workers = [
      this.#upload(deployment),
      this.#upload(deployment),
      this.#store(deployment, "action", "files:store"),
      this.#store(deployment, "mutation", "files:storeInMutation"),
      this.#remove(deployment),
      this.#import(deployment),
    ];
    const ends = await Promise.allSettled(workers);
    for (const end of ends) {
      if (end.status === "fulfilled")
        throw new Error("A worker came to an end.");
      if (!isCutOff(end.reason)) throw end.reason;
      this.cutOff += 1;
    }
  }

  async #upload(deployment: KillableDeployment): Promise<never> {
    for (;;) {
      const bytes = this.#bytes(MAX_BYTES);
      const url = await this.#call(deployment, "mutation", "files:uploadUrl");
      const response = await fetch(
        url as string,
        {
          method: "POST",
          body: slowly(bytes),
          duplex: "half",
        } as RequestInit,
      );
      const { storageId } = (await response.json()) as { storageId: string };
      this.#acknowledge(storageId, bytes);
    }
  }

  async #store(
    deployment: KillableDeployment,
    kind: "action" | "mutation",
    path: string,
  ): Promise<never> {
    for (;;) {
      const text = this.#bytes(10_000).toString("base64");
      const fail = kind === "mutation" && this.#random.chance(0.2);
      const args = { text, ...(fail ? { fail } : {}) };
      const value = await this.#call(deployment, kind, path, args);
      if (fail) continue;
      const id = kind === "action" ? value : (value as { id: string }).id;
      this.#acknowledge(id as string, Buffer.from(text));
    }
  }

  async #remove(deployment: KillableDeployment): Promise<never> {
    for (;;) {
      const [next] =
        [...this.files].find(([, { fate }]) => fate === "stored") ?? [];
      if (next === undefined) {
        await this.#call(deployment, "query", "files:rows");
        continue;
      }
      const file = this.files.get(next)!;
      file.fate = "maybeRemoved";
      await this.#call(deployment, "mutation", "files:remove", { id: next });
      file.fate = "removed";
    }
  }

  /** Replaces the files of the component, again and again. */
  async #import(deployment: KillableDeployment): Promise<never> {
    for (;;) {
      const contents = Array.from({ length: IMPORTED }, () =>
        this.#bytes(100_000),
      );
      this.imports.push(new Set(contents.map(sha256)));
      const number = this.imports.length - 1;
      await importFiles(deployment, await zipOf(asStorage(contents)));
      this.imported = number;
      this.importsCompleted += 1;
    }
  }

  async #call(
    deployment: KillableDeployment,
    kind: "query" | "mutation" | "action",
    path: string,
    args: object = {},
  ): Promise<unknown> {
    const { body } = await deployment.post(`/api/${kind}`, { path, args });
    const answer = body as { status: string; value?: unknown };
    if (answer.status !== "success" && !("fail" in args)) {
      throw new Error(JSON.stringify(answer));
    }
    return answer.value;
  }

  #acknowledge(id: string, bytes: Buffer): void {
    this.files.set(id, { sha256: sha256(bytes), fate: "stored" });
  }

  #bytes(limit: number): Buffer<ArrayBuffer> {
    const bytes = Buffer.alloc(
      this.#random.below(limit),
      this.#random.below(256),
    );
    // So that no two are the same.
    return Buffer.concat([
      Buffer.from(String(this.#random.below(2 ** 31))),
      bytes,
    ]);
  }
}

async function importFiles(
  deployment: KillableDeployment,
  zip: Buffer,
): Promise<void> {
  const ask = async (target: string, body: object) =>
    (await deployment.post(target, body, deployment.admin)).body;
  const { uploadToken } = (await ask("/api/import/start_upload", {})) as {
    uploadToken: string;
  };
  const part = await fetch(
    `${deployment.url}/api/import/upload_part?uploadToken=${uploadToken}&partNumber=1`,
    { method: "POST", headers: deployment.admin, body: new Uint8Array(zip) },
  );
  const { importId } = (await ask("/api/import/finish_upload", {
    import: { format: "zip", mode: "replace", componentPath: "part" },
    uploadToken,
    partTokens: [await part.json()],
  })) as { importId: string };
  const reach = async (wanted: string) => {
    for (;;) {
      const { value } = (await ask("/api/query", {
        path: "_system/cli/queryImport",
        args: { importId },
      })) as { value: { state: { state: string; error_message?: string } } };
      const { state, error_message } = value.state;
      if (state === wanted) return;
      if (state === "failed")
        throw new Error(`An import failed: ${error_message}`);
    }
  };
  await reach("waiting_for_confirmation");
  await ask("/api/perform_import", { importId });
  await reach("completed");
}

/** Entries of a ZIP file, under ids that say nothing of time. */
function asStorage(contents: readonly Buffer[]): Record<string, Buffer> {
  return Object.fromEntries(
    contents.map((bytes, n) => [`_storage/${idOf(n)}`, bytes]),
  );
}

function idOf(n: number): string {
  return encodeId(31, String.fromCharCode(n + 1).repeat(16));
}
