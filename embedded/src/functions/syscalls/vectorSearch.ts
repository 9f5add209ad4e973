import { parseVectorQuery } from "../../database/vectors/vectorQuery.js";
import { CallThread } from "../execution/turns.js";
import { objectArg, type AsyncSyscalls } from "./table.js";

/** `ctx.vectorSearch` of actions. Others get their share of the thread while it goes through the vectors. */
export const vectorSearchSyscalls: AsyncSyscalls = {
  "1.0/actions/vectorSearch": {
    scope: "action",
    async run({ runtime: { database }, fn }, args) {
      const query = parseVectorQuery(objectArg(args, "query"));
      const { componentPath } = fn;
      const { matches, ts } = await database.vectors.search(
        componentPath,
        query,
        new CallThread().giveWay,
      );
      await database.whenDurable(ts);
      return JSON.stringify({ results: matches });
    },
  },
};
