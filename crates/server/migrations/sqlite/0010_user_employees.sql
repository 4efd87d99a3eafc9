-- Who of those who sign in is which of those who work here: what they sell bears that one's number.
ALTER TABLE users ADD COLUMN employee_id INTEGER REFERENCES employees;

-- Their columns are listed by hand.
DROP TRIGGER users_outside_insert;
DROP TRIGGER users_outside_update;
DROP TRIGGER users_outside_delete;
CREATE TRIGGER users_outside_insert AFTER INSERT ON users
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'insert', 'users', NEW.id,
        NULL,
        json_object(
            'id', NEW.id, 'username', NEW.username, 'username_key', NEW.username_key,
            'name', NEW.name, 'password_hash', 'hidden', 'is_disabled', NEW.is_disabled,
            'version', NEW.version, 'created_at', NEW.created_at,
            'updated_at', NEW.updated_at, 'is_deleted', NEW.is_deleted,
            'is_program', NEW.is_program, 'last_sign_in_at', NEW.last_sign_in_at,
            'name_key', NEW.name_key, 'employee_id', NEW.employee_id));
END;
CREATE TRIGGER users_outside_update AFTER UPDATE ON users
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'update', 'users', NEW.id,
        json_object(
            'id', OLD.id, 'username', OLD.username, 'username_key', OLD.username_key,
            'name', OLD.name, 'password_hash', 'hidden', 'is_disabled', OLD.is_disabled,
            'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at, 'is_deleted', OLD.is_deleted,
            'is_program', OLD.is_program, 'last_sign_in_at', OLD.last_sign_in_at,
            'name_key', OLD.name_key, 'employee_id', OLD.employee_id),
        json_object(
            'id', NEW.id, 'username', NEW.username, 'username_key', NEW.username_key,
            'name', NEW.name,
            'password_hash', iif(NEW.password_hash IS OLD.password_hash, 'hidden',
            'hidden, and changed'),
            'is_disabled', NEW.is_disabled, 'version', NEW.version,
            'created_at', NEW.created_at, 'updated_at', NEW.updated_at,
            'is_deleted', NEW.is_deleted, 'is_program', NEW.is_program,
            'last_sign_in_at', NEW.last_sign_in_at, 'name_key', NEW.name_key, 'employee_id', NEW.employee_id));
END;
CREATE TRIGGER users_outside_delete AFTER DELETE ON users
WHEN NOT (SELECT is_inside FROM inside)
BEGIN
    INSERT INTO outside_changes (at, actor, operation, table_name, row_id, before, after)
    VALUES (
        CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER),
        'database:sqlite', 'delete', 'users', OLD.id,
        json_object(
            'id', OLD.id, 'username', OLD.username, 'username_key', OLD.username_key,
            'name', OLD.name, 'password_hash', 'hidden', 'is_disabled', OLD.is_disabled,
            'version', OLD.version, 'created_at', OLD.created_at,
            'updated_at', OLD.updated_at, 'is_deleted', OLD.is_deleted,
            'is_program', OLD.is_program, 'last_sign_in_at', OLD.last_sign_in_at,
            'name_key', OLD.name_key, 'employee_id', OLD.employee_id),
        NULL);
END;
