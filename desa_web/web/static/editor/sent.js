/* Built by packaging/editor from its src/: change that. Licences: LICENSES.txt */
import{c as a,d as b,e as c,f as d}from"./bagian-I67F5VHI.js";export{a as FORMS,c as forgetSent,d as isRefused,b as markSending};
