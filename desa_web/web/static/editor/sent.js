/* Built by packaging/editor from its src/: change that. Licences: LICENSES.txt */
import{c as a,d as b,e as c}from"./bagian-VGIXNRGP.js";export{b as forgetSent,c as isRefused,a as markSending};
