"use node";
import axios, { AxiosError } from "axios";
import { load } from "cheerio";
import { v } from "convex/values";
import { action } from "../server.js";

const client = () =>
  axios.create({ baseURL: process.env["WEB_URL"]!, timeout: 5_000 });

/** The links of a page. */
export const links = action({
  args: { path: v.string() },
  handler: async (_ctx, { path }) => {
    const { data } = await client().get<string>(path);
    const $ = load(data);
    return $("a[href]")
      .map((_, link) => `${$(link).text()}: ${$(link).attr("href")}`)
      .get();
  },
});

/** Posts JSON; returns what came back, or how it failed. */
export const post = action({
  args: { path: v.string(), body: v.any() },
  handler: async (_ctx, { path, body }) => {
    try {
      const { status, data } = await client().post<unknown>(path, body);
      return { status, data };
    } catch (error) {
      if (!(error instanceof AxiosError)) throw error;
      return { status: error.response?.status ?? 0, code: error.code };
    }
  },
});
