/**
 * Training: recipes, optimizers as {init, update}, schedules of p, the loop, checkpoints, metrics,
 * evaluation and comparisons. Nothing here prints; progress goes through `onEvent`.
 */
export { buildNetwork, compensate, surgeOptions } from './build-network.js';
export { diskError, writeAtomic } from './checkpoint/atomic.js';
export { loadCheckpoint } from './checkpoint/checkpoint.js';
export type { Checkpoint, CheckpointName, CheckpointState } from './checkpoint/checkpoint.js';
export { armsOf, checkCompensator, compensators } from './compare/arms.js';
export { checkComparison, compareRuns, comparisonFile } from './compare/compare.js';
export type { CompareOptions } from './compare/compare.js';
export { isPlan, optionsOfPlan, parsePlan } from './compare/plan.js';
export type { Plan } from './compare/plan.js';
export { confidenceInterval, spreadOf } from './compare/spread.js';
export type { Tuning } from './compare/tune.js';
export * from './compare/types.js';
export { evaluateModel, shuffleBinaryWeights } from './evaluate.js';
export type { EvaluateOptions } from './evaluate.js';
export { reestimateOn } from './evaluation/reestimate.js';
export type { ReestimateOptions } from './evaluation/reestimate.js';
export { accuracy, f1, matthews, predictedClasses } from './evaluation/agreement.js';
export { pearson, spearman } from './evaluation/correlation.js';
export { glueAverage, glueColumns, glueScores } from './evaluation/glue.js';
export type { GlueAverage, GlueColumn, GlueScores } from './evaluation/glue.js';
export { hashWeights, sha256 } from './hash.js';
export { imageBatches } from './gradients.js';
export type { PlainBatch, TrainingBatch } from './gradients.js';
export { evaluateRun, loadDetectorRun, loadRun, loadTextRun } from './load-run.js';
export type {
  LoadedDetector,
  LoadedRun,
  LoadedText,
  LoadRunOptions,
  RunEvaluation,
} from './load-run.js';
export { adam, adamw } from './optimizers/adam.js';
export { bop } from './optimizers/bop.js';
export { GroupedOptimizer } from './optimizers/groups.js';
export type { ParameterGroup } from './optimizers/groups.js';
export type { Optimizer, OptimizerState, UpdateArguments } from './optimizers/optimizer.js';
export { sgd } from './optimizers/sgd.js';
export { parametersOf } from './parameters.js';
export type { Parameter, Role } from './parameters.js';
export { defaultParts } from './parts.js';
export type { Parts, RunData } from './parts.js';
export { loadRecipe } from './recipe/load-recipe.js';
export { applyOverrides, parseJson, parseOverride, parseRecipe } from './recipe/recipe.js';
export { defaultEta, recipeSchema } from './recipe/schema.js';
export type {
  BinarizerSpec,
  OptimizerSpec,
  Recipe,
  RecipeInput,
  SurgeSpec,
} from './recipe/schema.js';
export type { DetectionSpec } from './recipe/detection.js';
export { pretrainingOf } from './recipe/language.js';
export type { LanguageSpec, Pretraining } from './recipe/language.js';
export { finalStage } from './recipe/stages.js';
export { readMetrics, readSummary } from './run-folder.js';
export { runTraining } from './run.js';
export { openTask } from './task/open-task.js';
export { progressAt, schedule } from './schedules.js';
export type { Schedule, ScheduleSpec } from './schedules.js';
export { Session } from './session.js';
export { atStep, Trainer } from './trainer.js';
export type { StepResult, TrainerOptions } from './trainer.js';
export { recipeDetector, testSize } from './task/detection/build.js';
export type { DetectionData } from './task/detection/detection.js';
export { recipeTextNetwork } from './task/language/build.js';
export type { RecipeNetwork } from './task/language/build.js';
export { evaluationTexts } from './task/language/data.js';
export { openTokenizer, openVocabulary } from './task/language/tokenizer.js';
export type { TextData } from './task/language/data.js';
export type { EncodedHalf } from './task/language/half.js';
export { evaluateTexts, textMeasure, textScores } from './task/language/evaluate.js';
export { evaluateSplit } from './task/language/evaluate-split.js';
export type {
  Task,
  TaskData,
  TaskEvaluateOptions,
  TaskNetwork,
  TrainingBatches,
} from './task/task.js';
export {
  detectInSet,
  evaluateDetector,
  evaluationLoader,
  judge,
  metricName,
} from './task/detection/evaluate.js';
export type { EvaluateDetectorOptions } from './task/detection/evaluate.js';
export { nextTurn } from './turn.js';
export type { SessionOptions } from './session-options.js';
export type * from './types.js';
