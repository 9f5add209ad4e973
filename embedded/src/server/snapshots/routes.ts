import { actorOf } from "../auditLog.js";
import { describeJson, readJsonObject } from "../http/body.js";
import {
  badRequest,
  jsonResponse,
  type ApiHandler,
  type ApiRequest,
  type ApiResponse,
  type Routes,
} from "../http/http.js";
import type { Exports } from "./exports.js";
import { parseImportRequest } from "./importRequest.js";
import type { Imports } from "./imports.js";

/** Parts of the deployment that the snapshot routes use. */
export interface SnapshotServices {
  readonly exports: Exports;
  readonly imports: Imports;
}

/** Limit for one part; the CLI sends 5 MiB, and more only of files over 48 GiB. */
const PART_LIMIT_BYTES = 64 * 1_024 * 1_024;

/** Path of the files of finished exports, which are named by their timestamps. */
export const EXPORT_FILES = "/api/export/zip/";

/** Routes for `convex export` and `convex import`. */
export function snapshotRoutes({ exports, imports }: SnapshotServices): Routes {
  const post = (run: (request: ApiRequest) => Promise<unknown>) => ({
    POST: async (request: ApiRequest) => jsonResponse(await run(request)),
  });
  return {
    "/api/export/request/zip": post(async (request) => {
      const query = new URLSearchParams(request.query);
      await exports.request(
        { withFiles: query.get("includeStorage") === "true" },
        actorOf(request),
      );
    }),
    "/api/import/start_upload": post(async () => ({
      uploadToken: await imports.uploads.start(),
    })),
    "/api/import/upload_part": post(async (request) => {
      const query = new URLSearchParams(request.query);
      const token = query.get("uploadToken") ?? "";
      const data = await request.readBody(PART_LIMIT_BYTES);
      const number = Number(query.get("partNumber"));
      return imports.uploads.addPart(token, number, data);
    }),
    "/api/import/finish_upload": post(async (request) => {
      const body = await readJsonObject(request);
      const importId = await imports.begin(
        text(body, "uploadToken"),
        texts(body, "partTokens"),
        parseImportRequest(body["import"]),
      );
      return { importId };
    }),
    "/api/perform_import": post(async (request) => {
      const importId = text(await readJsonObject(request), "importId");
      await imports.confirm(importId, actorOf(request));
    }),
    "/api/cancel_import": post(async (request) => {
      await imports.cancel(text(await readJsonObject(request), "importId"));
    }),
  };
}

/** Handler that sends the file of an export. */
export function exportFileHandler({ exports }: SnapshotServices): ApiHandler {
  return async (request): Promise<ApiResponse> => {
    const file = await exports.find(request.path.slice(EXPORT_FILES.length));
    return {
      status: 200,
      body: await file.open(),
      headers: {
        "content-type": "application/zip",
        "content-length": String(file.sizeBytes),
        "content-disposition": `attachment; filename=${file.name}`,
      },
    };
  };
}

function text(body: Record<string, unknown>, key: string): string {
  const value = body[key];
  if (typeof value === "string") return value;
  throw badRequest(
    "InvalidImport",
    `${key} must be a string, not ${describeJson(value)}.`,
  );
}

function texts(body: Record<string, unknown>, key: string): string[] {
  const value = body[key];
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) {
    return value;
  }
  throw badRequest("InvalidImport", `${key} must be an array of strings.`);
}
