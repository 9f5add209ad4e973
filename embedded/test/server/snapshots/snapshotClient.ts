import { expect } from "vitest";
import { fromBufferPromise } from "yauzl";
import { ZipFile } from "yazl";
import { buffer } from "node:stream/consumers";
import type { Readable } from "node:stream";
import type { TestDeployment } from "../../support/deployment.js";

/** An import as the CLI follows it. */
export interface ImportState {
  state: string;
  error_message?: string;
  message_to_confirm?: string;
  require_manual_confirmation?: boolean;
}

const isSettled = (state: string) =>
  ["waiting_for_confirmation", "completed", "failed"].includes(state);

/** Exports and imports of a deployment, by the requests that the CLI makes. */
export class SnapshotClient {
  readonly #deployment: TestDeployment;

  constructor(deployment: TestDeployment) {
    this.#deployment = deployment;
  }

  admin(target: string, body: unknown = {}) {
    return this.#deployment.post(target, body, this.#deployment.admin);
  }

  async systemQuery(path: string, args = {}): Promise<unknown> {
    const { body } = await this.#deployment.post(
      "/api/query",
      { path: `_system/cli/${path}`, args, format: "convex_encoded_json" },
      this.#deployment.admin,
    );
    expect(body).toMatchObject({ status: "success" });
    return (body as { value: unknown }).value;
  }

  async importState(importId: string): Promise<ImportState> {
    let state: ImportState = { state: "none" };
    await expect
      .poll(async () => {
        ({ state } = (await this.systemQuery("queryImport", { importId })) as {
          state: ImportState;
        });
        return isSettled(state.state);
      })
      .toBe(true);
    return state;
  }

  /** Uploads in parts of `partBytes`, and waits until the import was checked. */
  async upload(
    data: Buffer,
    request: object,
    partBytes = data.length,
  ): Promise<string> {
    const { body: begun } = await this.admin("/api/import/start_upload");
    const { uploadToken } = begun as { uploadToken: string };
    const partTokens: unknown[] = [];
    for (let at = 0; at < data.length; at += partBytes) {
      const target = `/api/import/upload_part?uploadToken=${uploadToken}&partNumber=${partTokens.length + 1}`;
      const response = await this.#deployment.fetch(target, {
        method: "POST",
        headers: this.#deployment.admin,
        body: new Uint8Array(data.subarray(at, at + partBytes)),
      });
      partTokens.push(await response.json());
    }
    const finished = await this.admin("/api/import/finish_upload", {
      import: request,
      uploadToken,
      partTokens,
    });
    expect(finished).toMatchObject({ status: 200 });
    return (finished.body as { importId: string }).importId;
  }

  /** Runs and confirms a whole import, and returns its last state. */
  async runImport(data: Buffer, request: object): Promise<ImportState> {
    const importId = await this.upload(data, request);
    const checked = await this.importState(importId);
    if (checked.state !== "waiting_for_confirmation") return checked;
    await this.admin("/api/perform_import", { importId });
    return this.importState(importId);
  }

  async exportZip({ withFiles = false } = {}): Promise<Buffer> {
    const target = `/api/export/request/zip?includeStorage=${withFiles}`;
    expect((await this.admin(target)).status).toBe(200);
    let latest = { state: "none", zip_object_key: "" };
    await expect
      .poll(async () => {
        latest = (await this.systemQuery("exports:getLatest")) as typeof latest;
        return latest.state;
      })
      .toBe("completed");
    const ts = /\d+/.exec(latest.zip_object_key)![0];
    const response = await this.#deployment.fetch(`/api/export/zip/${ts}`, {
      headers: this.#deployment.admin,
    });
    expect(response.status).toBe(200);
    return Buffer.from(await response.arrayBuffer());
  }
}

export const lines = (...rows: object[]) =>
  Buffer.from(rows.map((row) => `${JSON.stringify(row)}\n`).join(""));

export async function zipOf(files: Record<string, Buffer>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [name, data] of Object.entries(files)) zip.addBuffer(data, name);
  zip.end();
  return buffer(zip.outputStream as Readable);
}

/** Contents of a ZIP file, by path. */
export async function contentsOf(zipped: Buffer): Promise<Map<string, string>> {
  const zip = await fromBufferPromise(zipped, { autoClose: false });
  const contents = new Map<string, string>();
  for await (const entry of zip.eachEntry()) {
    const data = await buffer(await zip.openReadStreamPromise(entry));
    contents.set(entry.fileName, data.toString("utf8"));
  }
  zip.close();
  return contents;
}
