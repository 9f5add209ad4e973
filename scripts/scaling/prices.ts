/**
 * What Convex asks for and allows, as its own documentation says. Read on 2026-11-27 in the source of that page,
 * `npm-packages/docs/docs/production/state/limits.mdx` of get-convex/convex-backend at commit 94a42c3 of 2026-08-22.
 */
export const SOURCES = {
  limits: {
    what: "prices of a team on the Professional plan in US regions, and limits of deployments",
    url: "https://docs.convex.dev/production/state/limits",
  },
  call: {
    what: "what counts as a call: each execution that a client, the scheduler or an action asked for; those within it do not",
    url: "https://github.com/get-convex/convex-backend/blob/94a42c3db8d7ba6d9fe36f2698f9d9d9daaac731/crates/application/src/function_log.rs",
  },
  written: {
    what: "what counts as database I/O: the document and its keys in indexes where one is written, nothing where one is deleted",
    url: "https://github.com/get-convex/convex-backend/blob/94a42c3db8d7ba6d9fe36f2698f9d9d9daaac731/crates/database/src/committer.rs",
  },
  throughput: {
    what: "what counts against the write throughput: entries of the log of documents and of all indexes, those of deletes too",
    url: "https://github.com/get-convex/convex-backend/blob/94a42c3db8d7ba6d9fe36f2698f9d9d9daaac731/crates/database/src/committer.rs",
  },
} as const;

/** The Professional plan, in USD a month; what is included is shared by all of a team's deployments. */
export const PLAN = {
  calls: { included: 25_000_000, perMillion: 2 },
  ioGB: { included: 50, perGB: 0.2 },
  storageGB: { included: 50, perGB: 0.2 },
} as const;

const MiB = 1_024 * 1_024;

/** The classes of deployments: S16 is that of Free and Starter, S256 that of Professional. */
export const CLASSES = {
  S16: { writtenBytesPerSecond: 4 * MiB, mutations: 16, datasetGB: 1_000 },
  S256: { writtenBytesPerSecond: 8 * MiB, mutations: 256, datasetGB: 1_000 },
  D1024: { writtenBytesPerSecond: 32 * MiB, mutations: 512, datasetGB: 4_000 },
} as const;
