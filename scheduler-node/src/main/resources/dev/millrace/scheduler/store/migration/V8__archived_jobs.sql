-- Archived jobs keep their names, and many may have the same one: looked up when a name is asked for that no living
-- job has, and whenever a job is made.
create index job_archived on job (namespace, name, id) where state = 'ARCHIVED';
