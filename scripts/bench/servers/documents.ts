import { makeFunctionReference } from "convex/server";
import type { MeasuredDeployment } from "./deployment.js";
import { deployFolder } from "./scratchApp.js";

/** The number of documents that one mutation of `fill` inserts. */
const FILL_PAGE = 4_000;

export const read = makeFunctionReference<"query", { key: string }>(
  "documents:read",
);
export const write = makeFunctionReference<
  "mutation",
  { id: string; value: number }
>("documents:write");

/** A deployment of `app/` and the documents in it. */
export interface Documents {
  deployment: MeasuredDeployment;
  /** The ids of the documents with the keys `document-0`, `document-1` and so on. */
  ids: string[];
}

/** Deploys `app/` and stores so many documents. */
export async function storeDocuments(count: number): Promise<Documents> {
  const deployment = await deployFolder("scripts/bench/servers/app/convex");
  const ids: string[] = [];
  for (let from = 0; from < count; from += FILL_PAGE) {
    const to = Math.min(count, from + FILL_PAGE);
    const page = await deployment.post("/api/mutation", {
      path: "documents:fill",
      args: [{ from, to }],
    });
    ids.push(...(page as string[]));
  }
  return { deployment, ids };
}

export function keyOf(n: number): string {
  return `document-${n}`;
}
