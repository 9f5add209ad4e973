"use node";
import { PassThrough } from "node:stream";
import sendgrid from "@sendgrid/mail";
import { v } from "convex/values";
import nodemailer from "nodemailer";
import winston from "winston";
import { action } from "../server.js";

/** Sends a letter with an attachment by SMTP; returns who took it, and what was logged about it. */
export const send = action({
  args: { to: v.string(), subject: v.string(), text: v.string() },
  handler: async (_ctx, { to, subject, text }) => {
    const lines: string[] = [];
    const stream = new PassThrough({ encoding: "utf8" });
    stream.on("data", (line: string) => lines.push(line.trim()));
    const logger = winston.createLogger({
      level: "info",
      format: winston.format.combine(
        winston.format.label({ label: "letters" }),
        winston.format.errors({ stack: false }),
        winston.format.json(),
      ),
      transports: [
        new winston.transports.Stream({ stream }),
        new winston.transports.Console({ level: "error" }),
      ],
    });
    const transport = nodemailer.createTransport({
      host: "127.0.0.1",
      port: Number(process.env["SMTP_PORT"]),
      ignoreTLS: true,
    });
    try {
      const { accepted } = await transport.sendMail({
        from: "app@example.com",
        to,
        subject,
        text,
        attachments: [{ filename: "a.bin", content: Buffer.alloc(3, 255) }],
      });
      logger.info("sent", { subject });
      return { accepted: accepted.map(String), lines };
    } finally {
      transport.close();
    }
  },
});

/** Sends a letter by SendGrid's API; returns the status of its answer. */
export const sendByApi = action({
  args: { to: v.string() },
  handler: async (_ctx, { to }) => {
    sendgrid.setApiKey("SG.test");
    // Its types do not show the client that it has.
    const { client } = sendgrid as unknown as {
      client: { setDefaultRequest(name: "baseUrl", value: string): void };
    };
    client.setDefaultRequest("baseUrl", process.env["WEB_URL"]!);
    const [{ statusCode }] = await sendgrid.send({
      from: "app@example.com",
      to,
      subject: "Hello",
      text: "Hello",
    });
    return statusCode;
  },
});
