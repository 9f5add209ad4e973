/** An archiver, as `purge --archive` is one: it asks for pages, keeps them, and has them deleted. */
import type { FunctionReturnType } from "convex/server";
import { api, t } from "./fresh.js";

export const ARCHIVE_FILE = "old.jsonl.gz";

export type ArchivePage = FunctionReturnType<typeof api.runs.archive.nextPage>;

export async function startArchivedPurge(
  archiver = "writer",
  bounds: object = {},
) {
  const { runId } = await t.mutation(api.runs.control.start, {
    kind: "purge",
    actor: "tester",
    trigger: "operator",
    archive: { file: ARCHIVE_FILE, archiver },
    ...bounds,
  });
  return { runId, archiver };
}

type Link = Awaited<ReturnType<typeof startArchivedPurge>>;

export const nextPage = (link: Link) =>
  t.query(api.runs.archive.nextPage, link);

export function purgePage(link: Link, { seq, sessions }: ArchivePage) {
  return t.action(api.runs.archive.purgePage, {
    ...link,
    seq,
    sessions: sessions.map(
      ({ session, visitRows, visits, actions, isComplete }) => ({
        session,
        visitRows,
        visits: visits.length,
        actions: actions.length,
        isComplete,
      }),
    ),
  });
}

/** Drives the run as an archiver does; returns the pages that were archived. */
export async function drive(link: Link, pages = Infinity) {
  const archived: ArchivePage["sessions"] = [];
  for (let page = 0; page < pages; page += 1) {
    const found = await nextPage(link);
    if (found.status !== "running") break;
    if (found.phase === "expire") {
      await t.action(api.runs.archive.expirePage, {
        ...link,
        seq: found.seq,
      });
      continue;
    }
    const { purged } = await purgePage(link, found);
    if (purged) archived.push(...found.sessions);
  }
  return archived;
}
