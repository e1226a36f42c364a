/** The process of one detector under training: the first batch of its recipe's pictures, again and again. */
import { compensate, defaultParts, loadRecipe, openTask, Session } from '@surge-bnn/train';
import { applyOverrides } from '@surge-bnn/train';
import { countParameters, serve } from '../train/serve.mjs';

const { recipe: file, set } = JSON.parse(process.argv[2]);

async function start() {
  const recipe = applyOverrides(await loadRecipe(file), set);
  const engine = await defaultParts.engine(recipe.engine);
  const task = await openTask(recipe, defaultParts);
  const network = task.network(recipe);
  compensate(network.model, recipe);
  const session = new Session({
    recipe,
    engine,
    model: network.model,
    dispose: () => network.dispose(),
    stepsPerEpoch: 1000,
    dataHash: '',
  });
  // Its pictures stay those of the first batch as long as no second one is asked for.
  const batches = network.batches({}).epoch(0)[Symbol.asyncIterator]();
  const { value: pictures } = await batches.next();
  return { session, pictures, engine, parameters: countParameters(network.model) };
}

await serve(start);
