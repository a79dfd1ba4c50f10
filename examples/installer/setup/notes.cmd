@type %1
