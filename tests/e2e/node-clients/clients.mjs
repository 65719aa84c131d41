// JavaScript clients of today against a gateway: CLIENT URL. Evaluated where they are installed.
// Writes what it saw to standard output as one JSON object; test_frameworks.py judges.
import process from 'node:process';

const [client, url] = process.argv.slice(-2);
const MODEL = 'claude-sonnet-4-6';
const HELLO = 'Hello, I am Ada.';
const WEATHER = 'What is the weather in Oslo?';
const user = (content) => [{ role: 'user', content }];
const raised = async (call) => {
  try {
    await call();
  } catch (failure) {
    return { name: failure.constructor.name, message: failure.message, status: failure.status };
  }
  return null;
};

async function anthropic() {
  const { default: Anthropic } = await import('@anthropic-ai/sdk');
  const { betaZodTool } = await import('@anthropic-ai/sdk/helpers/beta/zod');
  const { z } = await import('zod');
  const sdk = new Anthropic({ baseURL: url, apiKey: 'k', maxRetries: 0 });
  const usual = { model: MODEL, max_tokens: 2048, messages: user(HELLO) };
  const tool = {
    name: 'get_weather',
    description: 'The weather of a city.',
    input_schema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  };
  const told = await sdk.messages.create(usual);
  const streamed = await sdk.messages.stream(usual).finalMessage();
  const thought = await sdk.messages
    .stream({ ...usual, thinking: { type: 'adaptive', display: 'summarized' } })
    .finalMessage();
  const called = await sdk.messages
    .stream({ ...usual, messages: user(WEATHER), tools: [tool] })
    .finalMessage();
  const runner = sdk.beta.messages.toolRunner({
    ...usual,
    messages: user(WEATHER),
    tools: [
      betaZodTool({
        name: tool.name,
        description: tool.description,
        inputSchema: z.object({ city: z.string() }),
        run: async ({ city }) => `It rains in ${city}.`,
      }),
    ],
  });
  const ran = await runner;
  const models = [];
  for await (const model of sdk.models.list({ limit: 3 })) models.push(model.id);
  return {
    text: told.content[0].text,
    stop: told.stop_reason,
    usage: [told.usage.input_tokens, streamed.usage.input_tokens],
    streamed: streamed.content[0].text,
    thought: thought.content.map((block) => block.type),
    signed: thought.content[0].signature.length > 0,
    call: called.content.filter((block) => block.type === 'tool_use')[0],
    ran: ran.content[0].text,
    models,
    count: (await sdk.messages.countTokens({ model: MODEL, messages: user(HELLO) })).input_tokens,
    overflow: await raised(() => sdk.messages.create({ ...usual, messages: user('sim:too-long-400') })),
    broken: await raised(() =>
      sdk.messages.stream({ ...usual, messages: user('sim:exception-mid') }).finalMessage(),
    ),
  };
}

async function vercel() {
  const { generateText, streamText, tool, Output } = await import('ai');
  const { createAnthropic } = await import('@ai-sdk/anthropic');
  const { z } = await import('zod');
  const model = createAnthropic({ baseURL: `${url}/v1`, apiKey: 'k' })(MODEL);
  const tools = {
    get_weather: tool({
      description: 'The weather of a city.',
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => `It rains in ${city}.`,
    }),
  };
  const person = Output.object({ schema: z.object({ name: z.string() }) });
  const told = await generateText({ model, prompt: HELLO, maxRetries: 0 });
  const stream = streamText({ model, prompt: HELLO });
  const pieces = [];
  for await (const piece of stream.textStream) pieces.push(piece);
  const asked = await generateText({ model, prompt: WEATHER, tools });
  const object = await generateText({ model, prompt: HELLO, output: person });
  return {
    text: told.text,
    usage: told.usage.inputTokens,
    finish: [told.finishReason, await stream.finishReason],
    pieces: pieces.length,
    streamed: pieces.join(''),
    calls: asked.toolCalls.map((call) => [call.toolName, call.input]),
    results: asked.toolResults.map((result) => result.output),
    object: object.output,
    overflow: await raised(() => generateText({ model, prompt: 'sim:too-long-400', maxRetries: 0 })),
  };
}

process.stdout.write(JSON.stringify(await { anthropic, vercel }[client]()));
