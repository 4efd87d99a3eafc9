-- Who of those who sign in is which of those who work here: what they sell bears that one's number.
ALTER TABLE users ADD COLUMN employee_id BIGINT REFERENCES employees;
