import type { Clock } from "../../clock.js";
import type { Database } from "../../database/database.js";
import { STORAGE_KEY } from "../../files/fileDisk.js";
import { parseContentType, parseDigest } from "../../files/headers.js";
import { findByUuid, type StoredFile } from "../../files/rows.js";
import type { StoredFiles } from "../../files/storedFiles.js";
import {
  HttpError,
  badRequest,
  jsonResponse,
  requireMethod,
  type ApiHandler,
  type ApiRequest,
  type ApiResponse,
} from "../http/http.js";
import { requestedPart } from "./range.js";

/** Parts of the deployment that serve stored files. */
export interface StorageServices {
  readonly database: Database;
  readonly files: StoredFiles;
  readonly clock: Clock;
}

/** Path of uploads, and, with the UUID of a file, of downloads. */
export const STORAGE_PREFIX = "/api/storage/";

/** Files never change, so whoever has one need not ask again. */
const MAX_AGE_S = 30 * 24 * 3_600;

/** Takes uploads from whoever has a token, and sends files to whoever has their URL. */
export function storageHandler(services: StorageServices): ApiHandler {
  return (request) => {
    const name = request.path.slice(STORAGE_PREFIX.length);
    return name === "upload"
      ? upload(services, requireMethod(request, ["POST"]))
      : serve(services, requireMethod(request, ["GET", "HEAD"]), name);
  };
}

async function upload(
  { files, clock }: StorageServices,
  request: ApiRequest,
): Promise<ApiResponse> {
  const token = new URLSearchParams(request.query).get("token");
  if (token === null) {
    throw badRequest(
      "BadQueryArgs",
      "The URL has no token; use one of storage.generateUploadUrl().",
    );
  }
  const verdict = files.tokens.check(token, clock.now());
  if (verdict.kind !== "valid") throw refusedToken(verdict.kind);
  const contentType = parsed(request, "content-type", parseContentType);
  const sha256 = parsed(request, "digest", parseDigest);
  const storageId = await files.store(
    verdict.componentPath,
    request.bodyChunks(),
    { contentType: contentType ?? null, sha256 },
  );
  return jsonResponse({ storageId });
}

async function serve(
  services: StorageServices,
  request: ApiRequest,
  name: string,
): Promise<ApiResponse> {
  const uuid = name.toLowerCase();
  if (!STORAGE_KEY.test(uuid)) throw notAPath(name);
  const component = new URLSearchParams(request.query).get("component") ?? "";
  const file = await find(services, component, uuid);
  const { sizeBytes } = file;
  const part = requestedPart(request.header("range"), sizeBytes);
  if (part.kind === "unsatisfiable") {
    return {
      status: 416,
      body: "",
      headers: { "content-range": `bytes */${sizeBytes}` },
    };
  }
  const [start, end] =
    part.kind === "part" ? [part.start, part.end] : [0, sizeBytes];
  const body =
    request.method === "HEAD"
      ? ""
      : await services.files.open(file, start, end);
  if (body === null) throw notFound(uuid);
  return {
    status: part.kind === "part" ? 206 : 200,
    body,
    headers: {
      ...(file.contentType === null
        ? {}
        : { "content-type": file.contentType }),
      "content-length": String(end - start),
      "cache-control": `private, max-age=${MAX_AGE_S}`,
      "accept-ranges": "bytes",
      ...(part.kind === "part"
        ? { "content-range": `bytes ${start}-${end - 1}/${sizeBytes}` }
        : { digest: `sha-256=${file.sha256}` }),
    },
  };
}

async function find(
  { database }: StorageServices,
  component: string,
  uuid: string,
): Promise<StoredFile> {
  const snapshot = database.read();
  let file;
  try {
    file = findByUuid(snapshot, component, uuid);
  } finally {
    snapshot.release();
  }
  if (file === null) throw notFound(uuid);
  await database.whenDurable(snapshot.ts);
  return file;
}

/** The value of a header; undefined where it was not sent. */
function parsed(
  request: ApiRequest,
  name: string,
  parse: (text: string) => string | undefined,
): string | undefined {
  const text = request.header(name);
  if (text === undefined) return undefined;
  const value = parse(text);
  if (value !== undefined) return value;
  throw badRequest(
    "BadHeader",
    `Bad header for ${name}: ${JSON.stringify(text.slice(0, 200))}. Expected ${EXPECTED[name]}.`,
  );
}

const EXPECTED: Record<string, string> = {
  "content-type": "a media type such as image/png",
  digest: "sha-256= and the SHA-256 in base64",
};

function refusedToken(kind: "invalid" | "expired"): HttpError {
  return kind === "expired"
    ? new HttpError(
        401,
        "StorageTokenExpired",
        "The upload URL is older than an hour. Get a new one of storage.generateUploadUrl().",
      )
    : new HttpError(
        401,
        "StorageTokenInvalid",
        "The token is none of this deployment. Get a URL of storage.generateUploadUrl().",
      );
}

function notFound(uuid: string): HttpError {
  return new HttpError(404, "FileNotFound", `File ${uuid} not found`);
}

function notAPath(name: string): HttpError {
  return badRequest(
    "InvalidStoragePath",
    `Invalid storage path: ${JSON.stringify(name.slice(0, 200))}. Please use \`storage.getUrl(storageId: Id<"_storage">)\` to generate a valid URL to retrieve files.`,
  );
}
