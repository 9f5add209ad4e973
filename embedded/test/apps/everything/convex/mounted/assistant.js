/**
 * An assistant with a memory, on a model that always says the same. In JavaScript, as its types lead to
 * sources of a package of its own that TypeScript does not take with this package's settings.
 */
import { Agent, mockModel } from "@convex-dev/agent";
import { componentsGeneric } from "convex/server";
import { v } from "convex/values";
import { action, mutation } from "../server.js";

const { agent: component } = componentsGeneric();

const DIMENSIONS = 128;

/** As many embeddings as texts, the same for those that begin the same. */
const embeddingModel = {
  specificationVersion: "v3",
  provider: "test",
  modelId: "first-letter",
  maxEmbeddingsPerCall: 100,
  supportsParallelCalls: true,
  doEmbed: ({ values }) =>
    Promise.resolve({
      embeddings: values.map((text) =>
        Array.from({ length: DIMENSIONS }, (_, dimension) =>
          dimension === text.charCodeAt(0) % DIMENSIONS ? 1 : 0,
        ),
      ),
      warnings: [],
    }),
};

const assistant = new Agent(component, {
  name: "assistant",
  languageModel: mockModel({
    content: [{ type: "text", text: "As you say." }],
  }),
  embeddingModel,
  contextOptions: {
    recentMessages: 2,
    searchOptions: { limit: 3, textSearch: true, vectorSearch: true },
  },
});

export const begin = mutation({
  args: { user: v.string() },
  handler: async (ctx, { user }) =>
    (await assistant.createThread(ctx, { userId: user })).threadId,
});

/** Says something; returns the answer and how many messages the thread has. */
export const say = action({
  args: { threadId: v.string(), text: v.string() },
  handler: async (ctx, { threadId, text }) => {
    const { thread } = await assistant.continueThread(ctx, { threadId });
    const { text: answer } = await thread.generateText({ prompt: text });
    const { page } = await assistant.listMessages(ctx, {
      threadId,
      paginationOpts: { cursor: null, numItems: 100 },
    });
    return { answer, messages: page.length };
  },
});

/** Says something, and saves the answer piece by piece; returns it whole. */
export const stream = action({
  args: { threadId: v.string(), text: v.string() },
  handler: async (ctx, { threadId, text }) => {
    const { thread } = await assistant.continueThread(ctx, { threadId });
    const answer = await thread.streamText(
      { prompt: text },
      { saveStreamDeltas: { throttleMs: 0 } },
    );
    await answer.consumeStream();
    return await answer.text;
  },
});

/** What it remembers of a thread to a text, by its words and by its meaning. */
export const remember = action({
  args: { threadId: v.string(), text: v.string() },
  handler: async (ctx, { threadId, text }) => {
    const messages = await assistant.fetchContextMessages(ctx, {
      userId: undefined,
      threadId,
      searchText: text,
      contextOptions: {
        recentMessages: 0,
        searchOptions: {
          limit: 10,
          textSearch: true,
          vectorSearch: true,
          messageRange: { before: 0, after: 0 },
        },
      },
    });
    return messages.map((message) => message.text);
  },
});
