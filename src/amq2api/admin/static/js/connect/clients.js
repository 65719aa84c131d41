// What to tell each client. The texts are code: they are the same in every language.
const q = (text) => JSON.stringify(text);

export const CLIENTS = [
  {
    id: "claude-code", name: "Claude Code", parts: ({ base, model, key }) => [
      { title: "macOS, Linux", code: `export ANTHROPIC_BASE_URL=${base}
export ANTHROPIC_AUTH_TOKEN=${key}
export ANTHROPIC_MODEL=${model}
claude` },
      { title: "Windows (PowerShell)", code: `$env:ANTHROPIC_BASE_URL = ${q(base)}
$env:ANTHROPIC_AUTH_TOKEN = ${q(key)}
$env:ANTHROPIC_MODEL = ${q(model)}
claude` },
    ],
  },
  {
    id: "python", name: "Python", parts: ({ base, model, key }) => [
      { title: "pip install anthropic", code: `from anthropic import Anthropic

client = Anthropic(base_url=${q(base)}, api_key=${q(key)})
with client.messages.stream(
    model=${q(model)},
    max_tokens=1024,
    messages=[{"role": "user", "content": "Hello"}],
) as stream:
    for text in stream.text_stream:
        print(text, end="", flush=True)` },
    ],
  },
  {
    id: "typescript", name: "TypeScript", parts: ({ base, model, key }) => [
      { title: "npm install @anthropic-ai/sdk", code: `import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: ${q(base)}, apiKey: ${q(key)} });
const message = await client.messages.create({
  model: ${q(model)},
  max_tokens: 1024,
  messages: [{ role: "user", content: "Hello" }],
});
console.log(message.content);` },
    ],
  },
  {
    id: "curl", name: "curl", parts: ({ base, model, key }) => [
      { title: "sh", code: `curl -N ${base}/v1/messages \\
  -H 'x-api-key: ${key}' -H 'content-type: application/json' \\
  -d '{"model": ${q(model)}, "max_tokens": 1024, "stream": true,
       "messages": [{"role": "user", "content": "Hello"}]}'` },
    ],
  },
  {
    id: "cline", name: "Cline", fields: ({ base, model, key }) => [
      ["cline.provider", "Anthropic"], ["cline.key", key], ["cline.base", base], ["cline.model", model],
    ],
  },
  {
    id: "langchain", name: "LangChain", parts: ({ base, model, key }) => [
      { title: "pip install langchain-anthropic", code: `from langchain_anthropic import ChatAnthropic

model = ChatAnthropic(model=${q(model)}, base_url=${q(base)}, api_key=${q(key)})
print(model.invoke("Hello").content)` },
    ],
  },
];
