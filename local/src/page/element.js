// Elements of the page. What people have typed is only ever set as text, never as markup.

export const $ = (selector, within = document) => within.querySelector(selector);

/** Makes an element of a text. */
export function element(name, text = '', attributes = {}) {
  const made = document.createElement(name);
  made.textContent = text;
  for (const [attribute, value] of Object.entries(attributes)) made.setAttribute(attribute, value);
  return made;
}

/** Asks a tool of the server. Returns its answer, or throws the sentence that says what is wrong. */
export async function ask(path, method = 'GET', body = undefined) {
  const response = await fetch(path, { method, ...(body && { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }) });
  const answer = await response.json();
  if (!response.ok) throw new Error(sentences(answer));
  return answer;
}

/** Returns what the API says is wrong. */
export const sentences = ({ errors, message }) => Object.values(errors ?? { base: [message ?? 'It failed.'] }).flat().join(' ');
