/** The example as a static site, whose servers send the headers that threads need. */
import { defineConfig } from 'vite';
import { isolatedSite } from '../shared/isolated-site.js';

export default defineConfig(isolatedSite);
