"use node";
import { v } from "convex/values";
import { Redis } from "ioredis";
import pg from "pg";
import { action } from "../server.js";

/** Asks PostgreSQL to say a text back; returns the code of the error where it is not there. */
export const sql = action({
  args: { port: v.number(), text: v.string() },
  handler: async (_ctx, { port, text }) => {
    const pool = new pg.Pool({
      host: "127.0.0.1",
      port,
      user: "app",
      database: "app",
      max: 2,
      connectionTimeoutMillis: 5_000,
    });
    try {
      const { rows } = await pool.query<{ said: string }>(
        "SELECT $1::text AS said",
        [text],
      );
      return rows[0]?.said;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code;
    } finally {
      await pool.end();
    }
  },
});

/** Writes to Redis and reads it again. */
export const cache = action({
  args: { key: v.string(), value: v.string() },
  handler: async (_ctx, { key, value }) => {
    const redis = new Redis({
      host: "127.0.0.1",
      port: Number(process.env["REDIS_PORT"]),
      maxRetriesPerRequest: 1,
    });
    try {
      await redis.set(key, value);
      return await redis.get(key);
    } finally {
      redis.disconnect();
    }
  },
});
